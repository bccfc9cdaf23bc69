//! Which addresses a picture may come from: the service names them, and it may name any.
//!
//! Only http and https, and no address inside this machine's networks unless that is allowed: an address that leads there
//! would have this program ask on behalf of a stranger. What a name resolves to is checked where the connection takes it
//! from, so a name that resolves differently the second time gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::Fault;

/// Whose addresses are taken.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// The service's own address: pictures from just there are taken wherever it is.
    pub service: Option<String>,
    /// Private addresses are taken as well.
    pub private: bool,
}

impl Trust {
    /// Reads an address and refuses what must not be asked. Gives whether names may resolve to private addresses as well.
    pub(super) fn check(&self, text: &str, base: Option<&Url>) -> Result<(Url, bool), Fault> {
        let parsed = match base {
            Some(base) => base.join(text),
            None => Url::parse(text),
        };
        let url = parsed.map_err(|_| Fault::NoAddress)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Fault::Scheme(url.scheme().to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Fault::NoAddress);
        }
        let host = url.host_str().ok_or(Fault::NoAddress)?;
        let service = self.service.as_deref().and_then(|service| Url::parse(service).ok());
        if self.private || service.is_some_and(|service| service.origin() == url.origin()) {
            return Ok((url, true));
        }
        // The parser has made one form of 0x7f.1, 2130706433 and the like.
        let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
        if ip.is_ok_and(is_private) || is_local_name(host) {
            return Err(Fault::Private(host.to_owned()));
        }
        Ok((url, false))
    }
}

fn is_local_name(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

/// Whether an address is not one of the public network (IANA's registries of special-purpose addresses).
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
        (100, 64..=127, _) => true, // of providers (RFC 6598)
        (169, 254, _) => true,      // link-local, with the metadata of clouds
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
        [0, 0, 0, 0, 0, 0xffff, high, low] => embedded(high, low), // written as IPv6
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low), // translated (RFC 6052)
        [0x2002, high, low, ..] => embedded(high, low),            // 6to4
        [0x2001, 0 | 0xdb8, ..] => true,                           // Teredo, documentation
        [first, ..] => !(0x2000..=0x3fff).contains(&first),
    }
}

/// Resolves names to public addresses alone.
#[derive(Debug)]
pub(super) struct PublicOnly;

/// A name leads to no public address.
#[derive(Debug, thiserror::Error)]
#[error("its name leads to a private address")]
pub(super) struct LeadsInside;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<_> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let public: Vec<_> = found.iter().copied().filter(|addr| !is_private(addr.ip())).collect();
            if public.is_empty() && !found.is_empty() {
                return Err(LeadsInside.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_known_in_all_their_forms() {
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
    fn an_address_is_taken_or_refused_before_anything_is_asked() {
        let trust = Trust { service: Some("http://127.0.0.1:8080/mj".into()), private: false };
        let taken = |text: &str| trust.check(text, None).is_ok();
        assert!(taken("https://cdn.example/a.png") && taken("http://127.0.0.1:8080/images/1.png"));
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
            assert!(!taken(refused), "{refused}");
        }
        let anywhere = Trust { private: true, ..Trust::default() };
        assert!(anywhere.check("http://10.0.0.1/a.png", None).is_ok());
        assert!(anywhere.check("file:///etc/passwd", None).is_err());
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_resolves_to_nothing() {
        assert!(PublicOnly.resolve("localhost".parse().unwrap()).await.is_err());
    }
}
