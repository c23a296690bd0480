//! What must not be readable in the database: account numbers and names, webhook bodies, later provider keys.
//!
//! XChaCha20-Poly1305 under a key derived from the envelope key, with the purpose bound in; beside account numbers a
//! keyed HMAC serves equality. Nonces come from the caller's randomness. Without an envelope key there is no vault and
//! payouts are refused.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use domain::Secret;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Seals and opens.
pub struct Vault {
    cipher: XChaCha20Poly1305,
    equality: [u8; 32],
}

/// What was sealed cannot be opened: another key, or damaged.
#[derive(Debug, thiserror::Error)]
#[error("sealed data cannot be opened: the envelope key is another one, or the data is damaged")]
pub struct Unreadable;

fn derive(key: &[u8], what: &[u8]) -> [u8; 32] {
    // HMAC takes keys of any length, so this cannot fail; an empty key was refused by the configuration.
    let mut mac = match <Hmac<Sha256> as Mac>::new_from_slice(key) {
        Ok(mac) => mac,
        Err(_) => unreachable!("HMAC takes keys of any length"),
    };
    mac.update(what);
    mac.finalize().into_bytes().into()
}

impl Vault {
    /// A vault under an envelope key of at least 32 characters (the configuration checks that).
    pub fn new(key: &Secret) -> Self {
        let key = key.expose().as_bytes();
        let sealing = derive(key, b"viralcore seal 1");
        Self {
            cipher: XChaCha20Poly1305::new(Key::from_slice(&sealing)),
            equality: derive(key, b"viralcore equality 1"),
        }
    }

    /// Seals text for a purpose with a nonce that is used once.
    pub fn seal(&self, purpose: &str, text: &str, nonce: [u8; 24]) -> Vec<u8> {
        let payload = Payload { msg: text.as_bytes(), aad: purpose.as_bytes() };
        let sealed = match self.cipher.encrypt(XNonce::from_slice(&nonce), payload) {
            Ok(sealed) => sealed,
            Err(_) => unreachable!("sealing fails only beyond 256 GiB"),
        };
        [&nonce[..], &sealed].concat()
    }

    /// Opens what was sealed for the same purpose.
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Result<String, Unreadable> {
        let (nonce, body) = sealed.split_at_checked(24).ok_or(Unreadable)?;
        let payload = Payload { msg: body, aad: purpose.as_bytes() };
        let text = self.cipher.decrypt(XNonce::from_slice(nonce), payload).map_err(|_| Unreadable)?;
        String::from_utf8(text).map_err(|_| Unreadable)
    }

    /// The same for the same account number, and nothing else.
    pub fn account_hmac(&self, account: &str) -> [u8; 32] {
        derive(&self.equality, account.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_only_for_its_purpose_and_key() {
        let vault = Vault::new(&Secret::new("k".repeat(32)));
        let sealed = vault.seal("account", "2081554421", [7; 24]);
        assert!(!sealed.windows(4).any(|part| part == b"2081"));
        assert_eq!(vault.open("account", &sealed).unwrap(), "2081554421");
        assert!(vault.open("name", &sealed).is_err());
        assert!(Vault::new(&Secret::new("x".repeat(32))).open("account", &sealed).is_err());
        assert!(vault.open("account", &sealed[..10]).is_err());
        assert_eq!(vault.account_hmac("1"), vault.account_hmac("1"));
        assert_ne!(vault.account_hmac("1"), vault.account_hmac("2"));
    }
}
