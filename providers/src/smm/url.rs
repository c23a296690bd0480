//! Which address a panel may have. An operator types it, and whatever answers there is shown: a URL that points into
//! our own network must not be one, and must not become one by what its name leads to later.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Why an address is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlProblem {
    /// No URL at all, or one without a host.
    #[error("this is not a URL with a host")]
    Malformed,
    /// Anything but `https`.
    #[error("the URL must begin with https://")]
    NotHttps,
    /// A name, a password, a query or a fragment.
    #[error("the URL must hold no user name, no query and no #")]
    Extras,
    /// A loopback, private, link-local or otherwise special address, or a name that is one by definition.
    #[error("the URL must name a public host")]
    NotPublic,
    /// The name leads nowhere.
    #[error("the host's name cannot be looked up")]
    NoSuchHost,
}

/// Whether an operator may give a panel this URL, by its text alone: `https` and a host that is not ours. `loopback`
/// admits this machine, over `http` too: for the sandbox. A name is not looked up; see [`check_host`].
pub fn check_url(url: &str, loopback: bool) -> Result<(), UrlProblem> {
    let url = Url::parse(url.trim()).map_err(|_| UrlProblem::Malformed)?;
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or(UrlProblem::Malformed)?;
    let here = loopback && is_here(host);
    if url.scheme() != "https" && !(here && url.scheme() == "http") {
        return Err(UrlProblem::NotHttps);
    }
    let extras = [url.query(), url.fragment(), url.password()];
    if !url.username().is_empty() || extras.iter().any(Option::is_some) {
        return Err(UrlProblem::Extras);
    }
    if here || is_public_host(host) { Ok(()) } else { Err(UrlProblem::NotPublic) }
}

/// [`check_url`], and the host's name leads to public addresses only, as it is looked up now.
pub async fn check_host(url: &str, loopback: bool) -> Result<(), UrlProblem> {
    check_url(url, loopback)?;
    let url = Url::parse(url.trim()).map_err(|_| UrlProblem::Malformed)?;
    let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(443));
    if literal(host).is_some() || (loopback && is_here(host)) {
        return Ok(());
    }
    let found = tokio::net::lookup_host((host, port)).await.map_err(|_| UrlProblem::NoSuchHost)?;
    let addresses: Vec<IpAddr> = found.map(|address| address.ip()).collect();
    match addresses.as_slice() {
        [] => Err(UrlProblem::NoSuchHost),
        all if all.iter().copied().all(is_public) => Ok(()),
        _ => Err(UrlProblem::NotPublic),
    }
}

/// Looks up the names of panels when a connection is made. A name that leads to any address of ours leads nowhere.
/// Literal addresses are never looked up: [`check_url`] is their guard. `localhost` stays this machine, since only the
/// sandbox admits it.
#[derive(Debug)]
pub(crate) struct PublicNames;

impl Resolve for PublicNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if is_here(name.as_str()) || found.iter().all(|address| is_public(address.ip())) {
                return Ok(Box::new(found.into_iter()) as Addrs);
            }
            Err(UrlProblem::NotPublic.into())
        })
    }
}

/// The address that a host is written as; version 6 stands in brackets.
fn literal(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

fn is_here(host: &str) -> bool {
    host == "localhost" || literal(host).is_some_and(|address| address.is_loopback())
}

fn is_public_host(host: &str) -> bool {
    if let Some(address) = literal(host) {
        return is_public(address);
    }
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    let special = ["localhost", "local", "internal", "intranet", "lan", "home", "corp", "arpa"];
    // A name without a dot is one of our own network.
    name.rsplit_once('.').is_some_and(|(_, top)| !special.contains(&top))
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped().or_else(|| embedded(address)) {
            Some(inner) => is_public_v4(inner),
            // Only global unicast, without the ranges of documentation.
            None => address.segments()[0] & 0xe000 == 0x2000 && address.segments()[..2] != [0x2001, 0x0db8],
        },
    }
}

/// The address of version 4 within one of 6to4 or NAT64.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let bytes = address.octets();
    let of = |at: usize| Some(Ipv4Addr::new(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]));
    match address.segments() {
        [0x2002, ..] => of(2),
        [0x0064, 0xff9b, 0, 0, 0, 0, ..] => of(12),
        _ => None,
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || first == 0
        || first >= 224
        || (first == 100 && (64..128).contains(&second))
        || (first == 198 && (18..20).contains(&second))
        || (first == 192 && second == 0 && third == 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The machine's own name is of our network on every machine; a name of the reserved top level leads nowhere.
    #[tokio::test]
    async fn a_name_that_leads_into_our_network_leads_nowhere() {
        let ask = async |name: &str| PublicNames.resolve(name.parse().unwrap()).await.map(|found| found.count());
        assert!(ask("localhost").await.unwrap() > 0);
        assert!(ask("panel.invalid").await.is_err());
        // Written so that only the look-up can tell what it is.
        let error = ask("0x7f000001").await.expect_err("it is this machine");
        assert!(error.to_string().contains("public host"), "{error}");
    }

    #[test]
    fn a_panel_lives_at_a_public_https_address() {
        for (url, verdict) in [
            ("https://plugsmmservice.com/api/v2", Ok(())),
            ("https://panel.example:8443/api", Ok(())),
            ("https://8.8.8.8/api/v2", Ok(())),
            ("https://[2606:4700::1111]/api/v2", Ok(())),
            (" https://panel.example/api/v2 ", Ok(())),
            ("http://panel.example/api/v2", Err(UrlProblem::NotHttps)),
            ("ftp://panel.example/api/v2", Err(UrlProblem::NotHttps)),
            ("file:///etc/passwd", Err(UrlProblem::Malformed)),
            ("panel.example/api/v2", Err(UrlProblem::Malformed)),
            ("https://", Err(UrlProblem::Malformed)),
            ("", Err(UrlProblem::Malformed)),
            ("https://ada@panel.example/", Err(UrlProblem::Extras)),
            ("https://a:b@panel.example/", Err(UrlProblem::Extras)),
            ("https://panel.example/api?key=1", Err(UrlProblem::Extras)),
            ("https://panel.example/#a", Err(UrlProblem::Extras)),
            ("https://localhost/api", Err(UrlProblem::NotPublic)),
            ("https://db/api", Err(UrlProblem::NotPublic)),
            ("https://metadata.google.internal/", Err(UrlProblem::NotPublic)),
            ("https://printer.LOCAL./", Err(UrlProblem::NotPublic)),
            ("https://127.0.0.1/", Err(UrlProblem::NotPublic)),
            ("https://2130706433/", Err(UrlProblem::NotPublic)), // 127.0.0.1 as one number
            ("https://0x7f.1/", Err(UrlProblem::NotPublic)),
            ("https://10.1.2.3/", Err(UrlProblem::NotPublic)),
            ("https://172.16.0.1/", Err(UrlProblem::NotPublic)),
            ("https://192.168.1.1/", Err(UrlProblem::NotPublic)),
            ("https://169.254.169.254/latest/meta-data", Err(UrlProblem::NotPublic)),
            ("https://100.64.0.1/", Err(UrlProblem::NotPublic)),
            ("https://198.18.0.1/", Err(UrlProblem::NotPublic)),
            ("https://0.0.0.0/", Err(UrlProblem::NotPublic)),
            ("https://224.0.0.1/", Err(UrlProblem::NotPublic)),
            ("https://255.255.255.255/", Err(UrlProblem::NotPublic)),
            ("https://[::1]/", Err(UrlProblem::NotPublic)),
            ("https://[::]/", Err(UrlProblem::NotPublic)),
            ("https://[fe80::1]/", Err(UrlProblem::NotPublic)),
            ("https://[fd00::1]/", Err(UrlProblem::NotPublic)),
            ("https://[ff02::1]/", Err(UrlProblem::NotPublic)),
            ("https://[2001:db8::1]/", Err(UrlProblem::NotPublic)),
            ("https://[::ffff:10.0.0.1]/", Err(UrlProblem::NotPublic)),
            ("https://[64:ff9b::10.0.0.1]/", Err(UrlProblem::NotPublic)),
            ("https://[2002:a00:1::]/", Err(UrlProblem::NotPublic)),
        ] {
            assert_eq!(check_url(url, false), verdict, "{url}");
        }
    }

    #[test]
    fn the_sandbox_may_be_on_this_machine_and_nowhere_else() {
        for url in ["http://127.0.0.1:9000/api/v2", "http://localhost:1/", "http://[::1]:1/", "https://panel.example/"]
        {
            assert_eq!(check_url(url, true), Ok(()), "{url}");
        }
        for url in ["http://10.0.0.1/", "http://panel.example/"] {
            assert_eq!(check_url(url, true), Err(UrlProblem::NotHttps), "{url}");
        }
        assert_eq!(check_url("https://192.168.1.1/", true), Err(UrlProblem::NotPublic));
        assert_eq!(check_url("http://127.0.0.1/?key=1", true), Err(UrlProblem::Extras));
    }

    #[tokio::test]
    async fn a_name_that_leads_into_our_own_network_is_refused() {
        assert_eq!(check_host("http://localhost:9/", true).await, Ok(()));
        assert_eq!(check_host("https://8.8.8.8/", false).await, Ok(()));
        assert_eq!(check_host("https://no-such-host.invalid/", false).await, Err(UrlProblem::NoSuchHost));
        assert_eq!(check_host("http://panel.example/", false).await, Err(UrlProblem::NotHttps));
    }
}
