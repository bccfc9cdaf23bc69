//! taskIds that encode their job, so that a sandbox can report the jobs of an earlier one without
//! storing any.
//!
//! A taskId is `sb` and 32 characters of base64url: a checksum, then the job's times, end and look,
//! masked with a key derived from the checksum. The mask only makes ids look opaque; it is no
//! secret. A taskId of another service fails the checksum and is unknown.

use super::drawing::{Appearance, Aspect};
use crate::task::{Mode, RemoteTaskId};

/// Whether a sandbox, of any run and at any time, made this taskId.
pub fn is_sandbox_id(task_id: &RemoteTaskId) -> bool {
    EncodedId::decode(&task_id.0).is_some()
}

/// How a job ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SandboxJobEnd {
    /// The job succeeds.
    Done,
    /// The job fails while its images are generated.
    Broken,
    /// The prompt is rejected by moderation after it was accepted.
    Moderated,
    /// The job fails at its timeout.
    Expired,
    /// The job is reported as running forever.
    Never,
    /// The job is forgotten at its end.
    Gone,
}

const ENDS: [SandboxJobEnd; 6] = [
    SandboxJobEnd::Done,
    SandboxJobEnd::Broken,
    SandboxJobEnd::Moderated,
    SandboxJobEnd::Expired,
    SandboxJobEnd::Never,
    SandboxJobEnd::Gone,
];

/// The contents of a taskId: all that is needed to report a job, except its prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EncodedId {
    /// When the job was accepted, as Unix time in milliseconds.
    pub(super) accepted_at: u64,
    /// The real time from then until the job ends, in milliseconds.
    pub(super) lasts: u32,
    pub(super) mode: Mode,
    pub(super) end: SandboxJobEnd,
    pub(super) look: Appearance,
    pub(super) aspect: Aspect,
    /// Distinguishes jobs of the same millisecond. Only the low 20 bits are encoded.
    pub(super) serial: u32,
}

/// 2024-01-01, so that 40 bits of milliseconds last until 2058.
const EPOCH: u64 = 1_704_067_200_000;
const CHECK: usize = 4;
const BODY: usize = 20;
const PREFIX: &str = "sb";

impl EncodedId {
    /// When the job ends, as Unix time in milliseconds.
    pub(super) fn ends_at(&self) -> u64 {
        self.accepted_at + u64::from(self.lasts)
    }

    /// Encodes the taskId.
    pub(super) fn encode(self) -> String {
        let mut body = [0; BODY];
        body[..5].copy_from_slice(&self.accepted_at.saturating_sub(EPOCH).to_be_bytes()[3..]);
        body[5..9].copy_from_slice(&self.lasts.to_be_bytes());
        body[9] = (self.mode == Mode::Relaxed) as u8 | (self.end as u8) << 1;
        body[10] = self.look.scene;
        body[11] = self.look.palette;
        body[12..16].copy_from_slice(&self.look.seed.to_be_bytes());
        body[16] = self.aspect.width;
        body[17] = self.aspect.height;
        body[18] = (self.serial >> 8) as u8;
        body[19] = self.serial as u8;
        // The mode and the end need four bits; the top bits of the serial share their byte.
        body[9] |= ((self.serial >> 16) as u8 & 0x0f) << 4;
        let check = checksum(&body);
        let mut all = [0; CHECK + BODY];
        all[..CHECK].copy_from_slice(&check);
        all[CHECK..].copy_from_slice(&masked(body, check));
        format!("{PREFIX}{}", to_base64(&all))
    }

    /// Decodes a taskId. `None` if no sandbox made it.
    pub(super) fn decode(task_id: &str) -> Option<Self> {
        let all = from_base64(task_id.strip_prefix(PREFIX)?)?;
        let (check, body) = all.split_first_chunk::<CHECK>()?;
        let body = masked(body.try_into().ok()?, *check);
        if checksum(&body) != *check {
            return None;
        }
        let [a, b, c, d, e, l0, l1, l2, l3, kind, scene, palette, s0, s1, s2, s3, width, height, n0, n1] =
            body;
        Some(EncodedId {
            accepted_at: EPOCH + u64::from_be_bytes([0, 0, 0, a, b, c, d, e]),
            lasts: u32::from_be_bytes([l0, l1, l2, l3]),
            mode: if kind & 1 == 1 { Mode::Relaxed } else { Mode::Fast },
            end: *ENDS.get(usize::from(kind >> 1 & 0x07))?,
            look: Appearance { seed: u32::from_be_bytes([s0, s1, s2, s3]), scene, palette },
            aspect: Aspect { width, height },
            serial: u32::from_be_bytes([0, kind >> 4, n0, n1]),
        })
    }
}

fn checksum(body: &[u8; BODY]) -> [u8; CHECK] {
    let hash = blake3::Hasher::new().update(b"mjbatch sandbox taskId").update(body).finalize();
    let [a, b, c, d, ..] = *hash.as_bytes();
    [a, b, c, d]
}

/// Masks or unmasks the body: the operation is its own inverse.
fn masked(mut body: [u8; BODY], check: [u8; CHECK]) -> [u8; BODY] {
    let mask = blake3::hash(&check);
    body.iter_mut().zip(mask.as_bytes()).for_each(|(byte, mask)| *byte ^= mask);
    body
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Encodes 24 bytes as 32 characters, with no bits left over, so that the encoding is unique.
fn to_base64(bytes: &[u8; CHECK + BODY]) -> String {
    let mut text = String::with_capacity(32);
    for group in bytes.chunks_exact(3) {
        let bits = group.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte));
        text.extend([18, 12, 6, 0].map(|shift| char::from(ALPHABET[(bits >> shift & 63) as usize])));
    }
    text
}

fn from_base64(text: &str) -> Option<[u8; CHECK + BODY]> {
    if text.len() != 32 {
        return None;
    }
    let mut bytes = [0; CHECK + BODY];
    for (group, into) in text.as_bytes().chunks_exact(4).zip(bytes.chunks_exact_mut(3)) {
        let mut bits = 0u32;
        for letter in group {
            bits = bits << 6 | ALPHABET.iter().position(|known| known == letter)? as u32;
        }
        into.copy_from_slice(&bits.to_be_bytes()[1..]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_id() -> impl Strategy<Value = EncodedId> {
        let look = (any::<u32>(), any::<u8>(), any::<u8>());
        let time = (EPOCH..EPOCH + (1 << 40), any::<u32>());
        (time, any::<bool>(), 0..ENDS.len(), look, (1..=255u8, 1..=255u8), 0..1u32 << 20).prop_map(
            |((accepted_at, lasts), relaxed, end, (seed, scene, palette), (width, height), serial)| {
                EncodedId {
                    accepted_at,
                    lasts,
                    mode: if relaxed { Mode::Relaxed } else { Mode::Fast },
                    end: ENDS[end],
                    look: Appearance { seed, scene, palette },
                    aspect: Aspect { width, height },
                    serial,
                }
            },
        )
    }

    proptest! {
        #[test]
        fn an_id_round_trips(encoded in any_id()) {
            let id = encoded.encode();
            prop_assert_eq!(id.len(), 34);
            prop_assert!(id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
            prop_assert_eq!(EncodedId::decode(&id), Some(encoded));
        }

        #[test]
        fn an_id_with_one_letter_changed_is_unknown(encoded in any_id(), at in 2..34usize, letter in 0..64usize) {
            let id = encoded.encode();
            let mut other = id.clone().into_bytes();
            other[at] = ALPHABET[letter];
            let other = String::from_utf8(other).unwrap();
            prop_assert_eq!(EncodedId::decode(&other).is_some(), other == id);
        }

        #[test]
        fn any_other_text_is_refused(text in ".{0,40}") {
            prop_assert_eq!(EncodedId::decode(&text), None);
        }
    }

    #[test]
    fn the_encoding_does_not_change_between_versions() {
        let encoded = EncodedId {
            accepted_at: 1_800_000_000_000,
            lasts: 61_500,
            mode: Mode::Relaxed,
            end: SandboxJobEnd::Done,
            look: Appearance { seed: 0xDEAD_BEEF, scene: 2, palette: 9 },
            aspect: Aspect { width: 16, height: 9 },
            serial: 7,
        };
        insta::assert_snapshot!(encoded.encode(), @"sbNEWAP0prq_UXwGU-9IHh9SSSWShpMNSY");
        assert_eq!(EncodedId::decode("MtAd7mCuc4YqK_a1iAQSW"), None);
    }
}
