//! Identity values: normalised, hashed, and gone. Nothing behind this module holds a raw one.
//!
//! Text comes in borrowed, a [`Sha256Hex`] goes out, and no error repeats what came in. The rules are those of
//! TikTok's Events API 2.0 and its customer-file page; where these leave something open, the docstring of the parser
//! says what was decided.

mod absent;
mod country;
mod device;
mod digits;
mod email;
mod external_id;
mod hash;
mod ip;
mod list;
mod person_name;
mod phone;
mod phone_text;

pub use absent::is_absent;
pub use country::Country;
pub use device::{DeviceId, DeviceKind, PlainDeviceId, device_hash, device_id};
pub use email::email;
pub use external_id::external_id;
pub use hash::Sha256Hex;
pub use ip::{Ip, ip};
pub use list::{each_place, each_value};
pub use person_name::{name_or_zip, place};
pub use phone::{Phone, phone};

/// Why an identity value is refused. The sentence never holds the value.
pub type IdentityError = crate::values::ValueError;
