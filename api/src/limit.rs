//! How often an address may ask. The table of addresses is bounded: when it overflows with addresses that all asked
//! within the bucket's time, it starts anew, which forgives rather than refuses.

use domain::Timestamp;
use domain::bucket::{Bucket, Size};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const ADDRESSES_MAX: usize = 20_000;

pub(crate) struct Limiter {
    size: Size,
    buckets: Mutex<HashMap<IpAddr, (Bucket, Timestamp)>>,
}

impl Limiter {
    pub(crate) fn new(size: Size) -> Self {
        Self { size, buckets: Mutex::default() }
    }

    /// Counts a request, or says how long until the next is allowed.
    pub(crate) fn take(&self, address: IpAddr, now: Timestamp) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let key = network(address);
        if buckets.len() >= ADDRESSES_MAX && !buckets.contains_key(&key) {
            // A bucket that was left alone for its whole time is full again, like a new one.
            buckets.retain(|_, (_, seen)| now.since(*seen) < self.size.per);
            if buckets.len() >= ADDRESSES_MAX {
                buckets.clear();
            }
        }
        let (bucket, seen) = buckets.entry(key).or_insert_with(|| (Bucket::full(self.size, now), now));
        *seen = now;
        bucket.take(self.size, now)
    }
}

/// Who a connection of IPv6 is: the network, because one customer has all addresses in it.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

/// Who asks: the peer, or, when that is a trusted proxy, the last address in its `X-Forwarded-For` lines that is not
/// one. Anybody can write the earlier ones.
pub(crate) fn client<'a>(
    peer: IpAddr,
    forwarded: impl DoubleEndedIterator<Item = &'a str>,
    trusted: &[IpAddr],
) -> IpAddr {
    let mut client = peer;
    let mut hops = forwarded.rev().flat_map(|line| line.rsplit(','));
    while trusted.contains(&client) {
        let Some(hop) = hops.next().and_then(|hop| hop.trim().parse::<IpAddr>().ok()) else { break };
        client = hop.to_canonical();
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { capacity: 2, per: Duration::from_secs(60) };

    #[test]
    fn an_address_is_refused_beyond_its_bucket_and_others_are_not() {
        let (limiter, now) = (Limiter::new(SIZE), Timestamp::from_secs(1_000));
        let at = |text: &str| text.parse::<IpAddr>().unwrap();
        assert_eq!((limiter.take(at("192.0.2.1"), now), limiter.take(at("::ffff:192.0.2.1"), now)), (Ok(()), Ok(())));
        let wait = limiter.take(at("192.0.2.1"), now).unwrap_err();
        assert!(wait > Duration::from_secs(29) && wait <= Duration::from_secs(31), "{wait:?}");
        assert_eq!(limiter.take(at("192.0.2.2"), now), Ok(()));
        // One network of IPv6 is one client.
        assert_eq!((limiter.take(at("2001:db8::1"), now), limiter.take(at("2001:db8::2"), now)), (Ok(()), Ok(())));
        assert!(limiter.take(at("2001:db8::3"), now).is_err());
        assert_eq!(limiter.take(at("2001:db8:0:1::1"), now), Ok(()));
        assert_eq!(limiter.take(at("192.0.2.1"), now.plus(wait)), Ok(()));
    }

    #[test]
    fn the_table_is_bounded() {
        let (limiter, now) = (Limiter::new(SIZE), Timestamp::from_secs(1_000));
        for n in 0..u32::try_from(ADDRESSES_MAX).unwrap() + 10 {
            assert_eq!(limiter.take(IpAddr::from(n.to_be_bytes()), now), Ok(()));
        }
        assert!(limiter.buckets.lock().unwrap().len() <= ADDRESSES_MAX);
    }

    #[test]
    fn a_forwarded_address_is_believed_from_trusted_proxies_only() {
        let at = |text: &str| text.parse::<IpAddr>().unwrap();
        let trusted = [at("127.0.0.1"), at("10.0.0.1")];
        for (peer, lines, expected) in [
            ("127.0.0.1", &["203.0.113.9"][..], "203.0.113.9"),
            ("127.0.0.1", &["6.6.6.6, 203.0.113.9"][..], "203.0.113.9"),
            ("127.0.0.1", &["6.6.6.6", "203.0.113.9, 10.0.0.1"][..], "203.0.113.9"),
            ("198.51.100.7", &["203.0.113.9"][..], "198.51.100.7"),
            ("127.0.0.1", &[][..], "127.0.0.1"),
            ("127.0.0.1", &["203.0.113.9, nonsense"][..], "127.0.0.1"),
        ] {
            assert_eq!(client(at(peer), lines.iter().copied(), &trusted), at(expected), "{peer} {lines:?}");
        }
    }
}
