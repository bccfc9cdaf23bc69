//! The HTML pages of the web servers and proxies that the faults imitate.

/// The page of a web server without such an API.
pub(super) const NOT_FOUND: &str = "<!doctype html><title>404 Not Found</title><h1>Not Found</h1>";

/// The page of a proxy that cannot reach the service.
pub(super) const BAD_GATEWAY: &str = "<!doctype html><html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>";

/// The page that comes in place of an image.
pub(super) const SIGN_IN: &str =
    "<!doctype html><title>Sign in</title><h1>Please sign in to see this image</h1>";
