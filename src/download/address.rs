//! Which hosts an image may be downloaded from: the service names the URLs, and it may name any.
//!
//! Only http and https are allowed, and no address inside this machine's networks unless the user
//! allows it: such a URL would make this program send requests there on behalf of a stranger
//! (SSRF). The addresses of a name are filtered in the resolver that the connection uses, so a name
//! that resolves differently the second time (DNS rebinding) gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::error::DownloadError;

/// Which hosts images may be downloaded from.
#[derive(Debug, Clone, Default)]
pub struct AddressPolicy {
    /// The service's base URL: its own origin is always allowed, even on a private address.
    pub service: Option<String>,
    /// Whether private addresses are allowed as well.
    pub allow_private: bool,
}

impl AddressPolicy {
    /// Parses a URL, relative to `base` where there is one, and refuses a forbidden one. Returns
    /// whether its host name may resolve to private addresses too.
    pub(super) fn check(&self, text: &str, base: Option<&Url>) -> Result<(Url, bool), DownloadError> {
        let parsed = match base {
            Some(base) => base.join(text),
            None => Url::parse(text),
        };
        let url = parsed.map_err(|_| DownloadError::NoUrl)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(DownloadError::Scheme(url.scheme().to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(DownloadError::NoUrl);
        }
        let host = url.host_str().ok_or(DownloadError::NoUrl)?;
        let service = self.service.as_deref().and_then(|service| Url::parse(service).ok());
        if self.allow_private || service.is_some_and(|service| service.origin() == url.origin()) {
            return Ok((url, true));
        }
        // The parser has normalized 0x7f.1, 2130706433 and the like.
        let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
        if ip.is_ok_and(is_private) || is_local_name(host) {
            return Err(DownloadError::PrivateHost(host.to_owned()));
        }
        Ok((url, false))
    }
}

fn is_local_name(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

/// Whether an address is outside the public internet (IANA's registries of special-purpose
/// addresses).
fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_private_v4(ip),
        IpAddr::V6(ip) => is_private_v6(ip),
    }
}

fn is_private_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    match (a, b, c) {
        (0 | 10 | 127 | 224.., _, _) => true,
        (100, 64..=127, _) => true, // carrier-grade NAT (RFC 6598)
        (169, 254, _) => true,      // link-local, cloud metadata services
        (172, 16..=31, _) | (192, 168, _) => true,
        (192, 0, 0 | 2) | (192, 88, 99) | (198, 51, 100) | (203, 0, 113) => true,
        (198, 18..=19, _) => true,
        _ => false,
    }
}

fn is_private_v6(ip: Ipv6Addr) -> bool {
    let s = ip.segments();
    let embedded = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        is_private_v4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        [0, 0, 0, 0, 0, 0xffff, high, low] => embedded(high, low), // IPv4-mapped
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low), // NAT64 (RFC 6052)
        [0x2002, high, low, ..] => embedded(high, low),            // 6to4
        [0x2001, 0 | 0xdb8, ..] => true,                           // Teredo, documentation
        [first, ..] => !(0x2000..=0x3fff).contains(&first),
    }
}

/// A DNS resolver that returns public addresses only.
#[derive(Debug)]
pub(super) struct PublicResolver;

/// A name that resolves to private addresses only.
#[derive(Debug, thiserror::Error)]
#[error("the host name resolves to a private address")]
pub(super) struct PrivateAddress;

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<_> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let public: Vec<_> = found.iter().copied().filter(|addr| !is_private(addr.ip())).collect();
            if public.is_empty() && !found.is_empty() {
                return Err(PrivateAddress.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_recognized_in_all_their_forms() {
        for inside in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "fec0::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001:db8::1",
            "::7f00:1",
        ] {
            assert!(is_private(inside.parse().unwrap()), "{inside}");
        }
        for outside in
            ["1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::101:101", "::ffff:8.8.8.8"]
        {
            assert!(!is_private(outside.parse().unwrap()), "{outside}");
        }
    }

    #[test]
    fn a_url_is_allowed_or_refused_before_anything_is_requested() {
        let policy = AddressPolicy { service: Some("http://127.0.0.1:8080/mj".into()), allow_private: false };
        let allowed = |text: &str| policy.check(text, None).is_ok();
        assert!(allowed("https://cdn.example/a.png") && allowed("http://127.0.0.1:8080/images/1.png"));
        for refused in [
            "http://127.0.0.1:8081/1.png",
            "http://localhost/x",
            "http://a.localhost./x",
            "http://0x7f.1/x",
            "http://2130706433/",
            "http://[::ffff:169.254.169.254]/",
            "http://169.254.169.254/latest/meta-data",
            "file:///etc/passwd",
            "ftp://cdn.example/a.png",
            "https://name:word@cdn.example/a",
            "a.png",
            "",
            "javascript:alert(1)",
            "data:image/png;base64,AAAA",
        ] {
            assert!(!allowed(refused), "{refused}");
        }
        let anywhere = AddressPolicy { allow_private: true, ..AddressPolicy::default() };
        assert!(anywhere.check("http://10.0.0.1/a.png", None).is_ok());
        assert!(anywhere.check("file:///etc/passwd", None).is_err());
    }

    #[tokio::test]
    async fn a_name_of_a_private_address_does_not_resolve() {
        assert!(PublicResolver.resolve("localhost".parse().unwrap()).await.is_err());
    }
}
