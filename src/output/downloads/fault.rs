//! Why a picture was not brought: facts, and the one place where they become prose.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::text::sanitize_line;

/// A picture that was not brought. Nothing is under its name that was not there before.
#[derive(Debug)]
#[non_exhaustive]
pub enum Fault {
    /// What the service gave is no address.
    NoAddress,
    /// Nothing is fetched by this scheme.
    Scheme(String),
    /// The address, or one that it redirects to, is a private one.
    Private(String),
    /// More redirects than are followed.
    Redirects(usize),
    /// The link is gone: HTTP 403, 404 or 410.
    Gone(u16),
    /// The host said another no.
    Http(u16),
    /// The host could not be reached, or the transfer broke.
    Network(String),
    /// No more came for too long.
    Slow,
    /// The bytes are no picture; what they seem to be.
    NotAPicture(&'static str),
    /// The picture ends before its end.
    Cut,
    /// It is larger than so many bytes.
    TooLarge(u64),
    /// Another file has the name.
    Taken(PathBuf),
    /// Something in the folder is a link, which might lead out of it.
    Link(PathBuf),
    /// The file could not be made.
    File(PathBuf, io::Error),
    /// The task's name for the file cannot be made.
    Name(String),
}

impl Fault {
    /// Whether another try may succeed.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Fault::Network(_) | Fault::Slow | Fault::Cut => true,
            Fault::Http(status) => *status == 408 || *status == 429 || *status >= 500,
            _ => false,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONG: usize = 200;
        match self {
            Fault::NoAddress => f.write_str("the service gave no address that could be asked"),
            Fault::Scheme(scheme) => {
                write!(f, "`{}:` addresses are not fetched, only http and https", sanitize_line(scheme, 20))
            }
            Fault::Private(host) => write!(
                f,
                "`{}` is a private address, which is not asked without `--allow-private`",
                sanitize_line(host, LONG)
            ),
            Fault::Redirects(most) => write!(f, "redirected more than {most} times"),
            Fault::Gone(status) => write!(f, "the link is gone (HTTP {status})"),
            Fault::Http(status) => write!(f, "the host answered with HTTP {status}"),
            Fault::Network(why) => f.write_str(&sanitize_line(why, LONG)),
            Fault::Slow => f.write_str("the host was too slow"),
            Fault::NotAPicture(what) => write!(f, "no picture came, but {what}"),
            Fault::Cut => f.write_str("the picture came without its end"),
            Fault::TooLarge(most) => write!(f, "larger than {} MB, which is the most", most >> 20),
            Fault::Taken(path) => {
                write!(
                    f,
                    "`{}` is another file, which is left as it is",
                    sanitize_line(&path.to_string_lossy(), LONG)
                )
            }
            Fault::Link(path) => {
                write!(
                    f,
                    "`{}` is a link, which is not followed",
                    sanitize_line(&path.to_string_lossy(), LONG)
                )
            }
            Fault::File(path, cause) => {
                write!(f, "`{}` cannot be written: {cause}", sanitize_line(&path.to_string_lossy(), LONG))
            }
            Fault::Name(why) => f.write_str(&sanitize_line(why, LONG)),
        }
    }
}

impl std::error::Error for Fault {}
