//! taskIds that carry their job: a sandbox answers for the ids of an earlier one, though it keeps nothing.
//!
//! An id is `sb` and 32 characters of base64url: a checksum, and under a mask made from it the job's times, end and look.
//! It is opaque to the eye only; anyone may read the source. An id of another service fails the checksum and is unknown.

use super::picture::{Aspect, Look};
use crate::task::{Mode, RemoteTaskId};

/// Whether a sandbox gave this taskId, to whichever run and whenever.
pub fn gave(task_id: &RemoteTaskId) -> bool {
    Ticket::of_task_id(&task_id.0).is_some()
}

/// How a job ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Done,
    /// It went wrong while it was drawn.
    Broken,
    /// Its prompt turned out to be against the rules.
    Moderated,
    /// Its time was over.
    Expired,
    /// It is said to be running for ever.
    Never,
    /// After its time nobody knows it.
    Gone,
}

const ENDS: [End; 6] = [End::Done, End::Broken, End::Moderated, End::Expired, End::Never, End::Gone];

/// All that is needed to answer for a job, but for its prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket {
    /// Unix time in milliseconds.
    pub(super) accepted_at: u64,
    /// Milliseconds of real time until it ends.
    pub(super) lasts: u32,
    pub(super) mode: Mode,
    pub(super) end: End,
    pub(super) look: Look,
    pub(super) aspect: Aspect,
    /// Tells apart the jobs of one millisecond; its low 20 bits are kept.
    pub(super) serial: u32,
}

/// 2024-01-01, so that 40 bits of milliseconds last until 2058.
const EPOCH: u64 = 1_704_067_200_000;
const CHECK: usize = 4;
const BODY: usize = 20;
const PREFIX: &str = "sb";

impl Ticket {
    /// Unix time in milliseconds at which the job ends.
    pub(super) fn ends_at(&self) -> u64 {
        self.accepted_at + u64::from(self.lasts)
    }

    pub(super) fn to_task_id(self) -> String {
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
        // The top bits of the serial share the byte of the mode and the end, which need but four.
        body[9] |= ((self.serial >> 16) as u8 & 0x0f) << 4;
        let check = checksum(&body);
        let mut all = [0; CHECK + BODY];
        all[..CHECK].copy_from_slice(&check);
        all[CHECK..].copy_from_slice(&masked(body, check));
        format!("{PREFIX}{}", to_base64(&all))
    }

    /// The job of this taskId, if a sandbox gave it.
    pub(super) fn of_task_id(task_id: &str) -> Option<Self> {
        let all = from_base64(task_id.strip_prefix(PREFIX)?)?;
        let (check, body) = all.split_first_chunk::<CHECK>()?;
        let body = masked(body.try_into().ok()?, *check);
        if checksum(&body) != *check {
            return None;
        }
        let [a, b, c, d, e, l0, l1, l2, l3, kind, scene, palette, s0, s1, s2, s3, width, height, n0, n1] =
            body;
        Some(Ticket {
            accepted_at: EPOCH + u64::from_be_bytes([0, 0, 0, a, b, c, d, e]),
            lasts: u32::from_be_bytes([l0, l1, l2, l3]),
            mode: if kind & 1 == 1 { Mode::Relaxed } else { Mode::Fast },
            end: *ENDS.get(usize::from(kind >> 1 & 0x07))?,
            look: Look { seed: u32::from_be_bytes([s0, s1, s2, s3]), scene, palette },
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

/// Masked twice is as before.
fn masked(mut body: [u8; BODY], check: [u8; CHECK]) -> [u8; BODY] {
    let mask = blake3::hash(&check);
    body.iter_mut().zip(mask.as_bytes()).for_each(|(byte, mask)| *byte ^= mask);
    body
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// 24 bytes are 32 characters with no bits left over, so each id is written in one way only.
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

    fn any_ticket() -> impl Strategy<Value = Ticket> {
        let look = (any::<u32>(), any::<u8>(), any::<u8>());
        let time = (EPOCH..EPOCH + (1 << 40), any::<u32>());
        (time, any::<bool>(), 0..ENDS.len(), look, (1..=255u8, 1..=255u8), 0..1u32 << 20).prop_map(
            |((accepted_at, lasts), relaxed, end, (seed, scene, palette), (width, height), serial)| Ticket {
                accepted_at,
                lasts,
                mode: if relaxed { Mode::Relaxed } else { Mode::Fast },
                end: ENDS[end],
                look: Look { seed, scene, palette },
                aspect: Aspect { width, height },
                serial,
            },
        )
    }

    proptest! {
        #[test]
        fn an_id_carries_its_ticket(ticket in any_ticket()) {
            let id = ticket.to_task_id();
            prop_assert_eq!(id.len(), 34);
            prop_assert!(id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
            prop_assert_eq!(Ticket::of_task_id(&id), Some(ticket));
        }

        #[test]
        fn an_id_with_one_letter_changed_is_unknown(ticket in any_ticket(), at in 2..34usize, letter in 0..64usize) {
            let id = ticket.to_task_id();
            let mut other = id.clone().into_bytes();
            other[at] = ALPHABET[letter];
            let other = String::from_utf8(other).unwrap();
            prop_assert_eq!(Ticket::of_task_id(&other).is_some(), other == id);
        }

        #[test]
        fn no_text_is_too_odd_to_be_refused(text in ".{0,40}") {
            prop_assert_eq!(Ticket::of_task_id(&text), None);
        }
    }

    #[test]
    fn an_id_given_today_is_understood_tomorrow() {
        let ticket = Ticket {
            accepted_at: 1_800_000_000_000,
            lasts: 61_500,
            mode: Mode::Relaxed,
            end: End::Done,
            look: Look { seed: 0xDEAD_BEEF, scene: 2, palette: 9 },
            aspect: Aspect { width: 16, height: 9 },
            serial: 7,
        };
        insta::assert_snapshot!(ticket.to_task_id(), @"sbNEWAP0prq_UXwGU-9IHh9SSSWShpMNSY");
        assert_eq!(Ticket::of_task_id("MtAd7mCuc4YqK_a1iAQSW"), None);
    }
}
