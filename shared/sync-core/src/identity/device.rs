use std::fmt;

use super::external_id::is_all_zero;
use super::hash::{already_hashed, is_placeholder};
use super::{IdentityError, Sha256Hex};
use crate::rejection::Code;
use crate::spec::Hashing;

/// Which device id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceKind {
    /// Apple's advertising id; plain in capitals.
    Idfa,
    /// Google's advertising id; plain in lower case.
    Gaid,
    /// Apple's id for a vendor; plain as given.
    Idfv,
}

/// A device id as TikTok takes it in events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceId {
    /// A UUID in the letter case of its kind.
    Plain(PlainDeviceId),
    /// A hash that was given.
    Hashed(Sha256Hex),
    /// The hash of a text that is no UUID; a warning is due.
    NoUuid(Sha256Hex),
    /// All zeros, as phones give whose owner refuses tracking, or another text for nothing; it is left out.
    AllZero,
}

/// A UUID. `Debug` is masked, as it names a person's device.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PlainDeviceId([u8; 36]);

impl PlainDeviceId {
    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for PlainDeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainDeviceId(…)")
    }
}

/// Reads a device id of an event (Events API 2.0, `user.idfa`, `user.gaid`, `user.idfv`).
///
/// A UUID goes plain also under `hashing: already_hashed`, since that is how TikTok takes it; a text that is neither a
/// UUID nor a digest is then [`Code::NotHashed`], and otherwise hashed in lower case, so that nothing personal that
/// stands in the wrong column goes out.
pub fn device_id(text: &str, kind: DeviceKind, hashing: Hashing) -> Result<DeviceId, IdentityError> {
    let text = text.trim();
    if is_all_zero(text) || Sha256Hex::from_hex(text).is_some_and(|digest| is_placeholder(&digest)) {
        return Ok(DeviceId::AllZero);
    }
    if let Some(uuid) = uuid(text) {
        return Ok(DeviceId::Plain(PlainDeviceId(match kind {
            DeviceKind::Idfa => uuid.map(|byte| byte.to_ascii_uppercase()),
            DeviceKind::Gaid => uuid.map(|byte| byte.to_ascii_lowercase()),
            DeviceKind::Idfv => uuid,
        })));
    }
    match already_hashed(text, hashing, Code::InvalidDeviceId)? {
        Some(digest) => Ok(DeviceId::Hashed(digest)),
        None if text.is_empty() => Err(IdentityError::new(
            Code::InvalidDeviceId,
            "The device id is empty",
        )),
        None => {
            let digest = Sha256Hex::of(text.to_lowercase().as_bytes());
            Ok(if is_placeholder(&digest) {
                DeviceId::AllZero
            } else {
                DeviceId::NoUuid(digest)
            })
        }
    }
}

/// The hash of a device id for an audience (`IDFA_SHA256`, `AAID_SHA256`): blanks at the ends go, lower case.
///
/// What is no UUID and all zeros are refused as [`Code::InvalidDeviceId`].
pub fn device_hash(text: &str, hashing: Hashing) -> Result<Sha256Hex, IdentityError> {
    let text = text.trim();
    if let Some(digest) = already_hashed(text, hashing, Code::InvalidDeviceId)? {
        return Ok(digest);
    }
    let refused = |message| Err(IdentityError::new(Code::InvalidDeviceId, message));
    if is_all_zero(text) {
        return refused("A device id of zeros names no device; leave the value empty");
    }
    match uuid(text) {
        Some(uuid) => Ok(Sha256Hex::of(&uuid.map(|byte| byte.to_ascii_lowercase()))),
        None => refused("A device id is a UUID, 8-4-4-4-12 hexadecimal digits, or its SHA-256"),
    }
}

/// The bytes of a UUID in its usual form.
fn uuid(text: &str) -> Option<[u8; 36]> {
    let bytes: [u8; 36] = text.as_bytes().try_into().ok()?;
    let fits = |(place, byte): (usize, &u8)| match place {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    bytes.iter().enumerate().all(fits).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "5f3a2b18-9C4D-4e7f-b8e2-17d3a1e69b25";

    fn plain(kind: DeviceKind) -> String {
        match device_id(&format!(" {UUID} "), kind, Hashing::AlreadyHashed) {
            Ok(DeviceId::Plain(id)) => id.as_str().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn uuids_go_plain_in_the_case_of_their_kind() {
        assert_eq!(plain(DeviceKind::Idfa), UUID.to_uppercase());
        assert_eq!(plain(DeviceKind::Gaid), UUID.to_lowercase());
        assert_eq!(plain(DeviceKind::Idfv), UUID);
    }

    #[test]
    fn what_is_no_uuid_is_hashed_and_marked() {
        let hashed = Sha256Hex::of(b"device 7");
        assert_eq!(
            device_id("Device 7", DeviceKind::Gaid, Hashing::Auto),
            Ok(DeviceId::NoUuid(hashed))
        );
        assert_eq!(
            device_id(hashed.as_str(), DeviceKind::Gaid, Hashing::Auto),
            Ok(DeviceId::Hashed(hashed))
        );
        let error = device_id("Device 7", DeviceKind::Gaid, Hashing::AlreadyHashed).unwrap_err();
        assert_eq!(error.code, Code::NotHashed);
    }

    #[test]
    fn zeros_are_no_device() {
        let zero = "00000000-0000-0000-0000-000000000000";
        for text in [zero, "0", Sha256Hex::of(zero.as_bytes()).as_str()] {
            assert_eq!(
                device_id(text, DeviceKind::Idfa, Hashing::Auto),
                Ok(DeviceId::AllZero),
                "{text}"
            );
            assert_eq!(
                device_hash(text, Hashing::Auto).unwrap_err().code,
                Code::InvalidDeviceId,
                "{text}"
            );
        }
    }

    #[test]
    fn audiences_take_the_hash_of_lower_case() {
        let known = "83dc3f5f32b9472613b0f038d36f22585a609d018af6f6067f50da318bf354bd";
        assert_eq!(
            device_hash(UUID, Hashing::Auto)
                .map(|hash| hash.as_str().to_owned())
                .as_deref(),
            Ok(known)
        );
        assert_eq!(
            device_hash("device 7", Hashing::Auto).unwrap_err().code,
            Code::InvalidDeviceId
        );
    }

    #[test]
    fn debug_shows_no_device() {
        let id = device_id(UUID, DeviceKind::Idfa, Hashing::Auto);
        assert!(!format!("{id:?}").contains("5F3A"));
    }
}
