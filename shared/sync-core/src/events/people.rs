//! The `user` of an event: whom it was. Identities are hashed here; nothing behind this module holds a raw one.

use super::json::{write_key, write_string};
use super::scalar::Context;
use super::source::Slot;
use super::table::ValueKind;
use super::ttclid::ttclid_of;
use crate::identity::{
    DeviceId, DeviceKind, IdentityError, Ip, Sha256Hex, device_id, each_value, email, external_id, ip,
    is_absent, name_or_zip, place,
};
use crate::rejection::{Code, Problem};
use crate::row::Row;
use crate::source::{CountrySource, Source};
use crate::spec::{EmailRule, Hashing, PhoneRule};

/// Which of the identifiers that a source may ask for an event has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Identifiers(u8);

impl Identifiers {
    pub(super) const EMAIL: Self = Self(1);
    pub(super) const PHONE: Self = Self(2);
    pub(super) const EXTERNAL_ID: Self = Self(4);
    pub(super) const TTCLID: Self = Self(8);
    pub(super) const TTP: Self = Self(16);
    pub(super) const IP: Self = Self(32);
    pub(super) const USER_AGENT: Self = Self(64);

    /// Those of which a web event needs one.
    pub(super) const WEB: Self = Self(1 | 2 | 4 | 8 | 16);
    /// Those of which an offline event needs one.
    pub(super) const OFFLINE: Self = Self(1 | 2);

    /// The identifier that a member of `user` is.
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "email" => Self::EMAIL,
            "phone" => Self::PHONE,
            "external_id" => Self::EXTERNAL_ID,
            "ttclid" => Self::TTCLID,
            "ttp" => Self::TTP,
            "ip" => Self::IP,
            "user_agent" => Self::USER_AGENT,
            _ => return None,
        })
    }

    fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// True when `other` is one of these.
    pub(super) fn holds(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// A web event needs one of email, phone, external id, click id, `_ttp`, or IP address with user agent.
    pub(super) fn suffice_for_web(self) -> bool {
        self.holds(Self::WEB) || (self.holds(Self::IP) && self.holds(Self::USER_AGENT))
    }

    /// An offline event needs an email address or a phone number.
    pub(super) fn suffice_for_offline(self) -> bool {
        self.holds(Self::OFFLINE)
    }
}

/// One member of `user`, with the mappings that fill it.
#[derive(Debug)]
pub(super) struct UserField {
    name: String,
    /// `"name":`
    key: Vec<u8>,
    kind: ValueKind,
    identifier: Option<Identifiers>,
    slots: Vec<Slot>,
}

/// All of `user`.
#[derive(Debug)]
pub(super) struct UserFields {
    pub(super) fields: Vec<UserField>,
    pub(super) hashing: Hashing,
    pub(super) country: CountrySource,
    /// `page.url` of web events, whose `ttclid` is taken when no mapping gives one.
    pub(super) page_url: Option<Source>,
}

/// What the identities of a row leave behind.
#[derive(Default)]
pub(super) struct Found {
    pub(super) identifiers: Identifiers,
    /// Email addresses, phone numbers and external ids that are none, with the identifier that they would have been.
    pub(super) bad: Vec<(Identifiers, Problem)>,
    /// The hashes of the list that is being written.
    hashes: Vec<Sha256Hex>,
}

impl Found {
    pub(super) fn clear(&mut self) {
        self.identifiers = Identifiers::default();
        self.bad.clear();
    }
}

impl UserFields {
    /// Adds a mapping to a member of `user`.
    pub(super) fn add(&mut self, name: &str, slot: Slot) {
        if let Some(field) = self.fields.iter_mut().find(|field| field.name == name) {
            field.slots.push(slot);
            return;
        }
        let mut key = Vec::new();
        write_key(&mut key, name);
        let (kind, identifier) = (slot.kind, Identifiers::of(name));
        self.fields.push(UserField {
            name: name.to_owned(),
            key,
            kind,
            identifier,
            slots: vec![slot],
        });
    }

    /// Appends `,"user":{…}`, or nothing when the row has none of it.
    pub(super) fn write(
        &self,
        row: &Row<'_>,
        found: &mut Found,
        context: &mut Context<'_>,
        out: &mut Vec<u8>,
    ) {
        let start = out.len();
        out.extend_from_slice(b",\"user\":{");
        let empty = out.len();
        for field in &self.fields {
            let before = out.len();
            out.extend_from_slice(&field.key);
            if self.write_field(field, row, found, context, out) {
                out.push(b',');
                if let Some(identifier) = field.identifier {
                    found.identifiers.add(identifier);
                }
            } else {
                out.truncate(before);
            }
        }
        self.write_ttclid_of_page(row, found, context, out);
        if out.len() == empty {
            out.truncate(start);
        } else {
            out.pop();
            out.push(b'}');
        }
    }

    fn write_field(
        &self,
        field: &UserField,
        row: &Row<'_>,
        found: &mut Found,
        context: &mut Context<'_>,
        out: &mut Vec<u8>,
    ) -> bool {
        match field.kind {
            ValueKind::Email | ValueKind::Phone | ValueKind::ExternalId => {
                self.write_hashes(field, row, found, context, out)
            }
            kind => field.slots.iter().any(|slot| {
                let text = slot.source.get(row).filter(|text| !is_absent(text));
                let written = text.is_some_and(|text| self.write_one(kind, text, slot, context, out));
                context.note(slot, written);
                written
            }),
        }
    }

    /// Appends the list of a field's hashes, each of them once, in the order of mappings and values.
    fn write_hashes(
        &self,
        field: &UserField,
        row: &Row<'_>,
        found: &mut Found,
        context: &mut Context<'_>,
        out: &mut Vec<u8>,
    ) -> bool {
        found.hashes.clear();
        for slot in &field.slots {
            let Some(cell) = slot.source.get(row) else {
                continue;
            };
            let (hashes, bad) = (&mut found.hashes, &mut found.bad);
            let before = hashes.len();
            let splits = field.kind != ValueKind::ExternalId;
            each_value(cell, splits, &mut |value| match value
                .and_then(|text| self.hash(field.kind, &text, row, slot, context))
            {
                Ok(hash) if hashes.contains(&hash) => {}
                Ok(hash) => hashes.push(hash),
                Err(error) => bad.push((field.identifier.unwrap_or_default(), slot.problem(error))),
            });
            context.note(slot, hashes.len() > before);
        }
        for (i, hash) in found.hashes.iter().enumerate() {
            out.extend_from_slice(if i == 0 { b"[\"" } else { b",\"" });
            out.extend_from_slice(hash.as_bytes());
            out.push(b'"');
        }
        if found.hashes.is_empty() {
            return false;
        }
        out.push(b']');
        true
    }

    fn hash(
        &self,
        kind: ValueKind,
        text: &str,
        row: &Row<'_>,
        slot: &Slot,
        context: &mut Context<'_>,
    ) -> Result<Sha256Hex, IdentityError> {
        match kind {
            ValueKind::Email => email(text, EmailRule::Plain, self.hashing),
            ValueKind::Phone => {
                let phone = self.country.phone(text, row, PhoneRule::WithPlus, self.hashing)?;
                if phone.unassigned {
                    const MESSAGE: &str =
                        "The numbering plan assigns this number to nobody; it is sent all the same";
                    context
                        .warnings
                        .push(slot.warning(Code::UnassignedPhone, MESSAGE));
                }
                Ok(phone.hash)
            }
            _ => external_id(text, self.hashing),
        }
    }

    /// Appends a value that is no list.
    fn write_one(
        &self,
        kind: ValueKind,
        text: &str,
        slot: &Slot,
        context: &mut Context<'_>,
        out: &mut Vec<u8>,
    ) -> bool {
        match kind {
            ValueKind::Ip => match ip(text) {
                Ip::Public(address) => write_string(out, address),
                Ip::Dropped(reason) => {
                    context.warnings.push(slot.warning(Code::InvalidIp, reason));
                    return false;
                }
            },
            ValueKind::Idfa => return self.write_device(DeviceKind::Idfa, text, slot, context, out),
            ValueKind::Idfv => return self.write_device(DeviceKind::Idfv, text, slot, context, out),
            ValueKind::Gaid => return self.write_device(DeviceKind::Gaid, text, slot, context, out),
            ValueKind::Name => match name_or_zip(text, self.hashing) {
                Ok(hash) => write_string(out, hash.as_str()),
                Err(error) => {
                    context.warnings.push(slot.problem(error));
                    return false;
                }
            },
            ValueKind::Place => {
                context.scratch.clear();
                place(text, &mut context.scratch);
                if is_absent(&context.scratch) {
                    const MESSAGE: &str = "TikTok takes places as the letters a to z and digits, and the value has none; it is left out";
                    context.warnings.push(slot.warning(Code::InvalidValue, MESSAGE));
                    return false;
                }
                write_string(out, &context.scratch);
            }
            ValueKind::AttStatus => {
                const KNOWN: [&str; 5] = [
                    "AUTHORIZED",
                    "DENIED",
                    "NOT_DETERMINED",
                    "RESTRICTED",
                    "NOT_APPLICABLE",
                ];
                let Some(known) = KNOWN.into_iter().find(|known| text.eq_ignore_ascii_case(known)) else {
                    const MESSAGE: &str = "The status is none of AUTHORIZED, DENIED, NOT_DETERMINED, RESTRICTED and \
                                           NOT_APPLICABLE; it is left out";
                    context.warnings.push(slot.warning(Code::InvalidValue, MESSAGE));
                    return false;
                };
                write_string(out, known);
            }
            _ => write_string(out, text),
        }
        true
    }

    fn write_device(
        &self,
        kind: DeviceKind,
        text: &str,
        slot: &Slot,
        context: &mut Context<'_>,
        out: &mut Vec<u8>,
    ) -> bool {
        match device_id(text, kind, self.hashing) {
            Ok(DeviceId::Plain(id)) => write_string(out, id.as_str()),
            Ok(DeviceId::Hashed(hash)) => write_string(out, hash.as_str()),
            Ok(DeviceId::NoUuid(hash)) => {
                const MESSAGE: &str = "The device id is no UUID; it is sent hashed";
                context
                    .warnings
                    .push(slot.warning(Code::InvalidDeviceId, MESSAGE));
                write_string(out, hash.as_str());
            }
            Ok(DeviceId::AllZero) => {
                const MESSAGE: &str = "A device id of zeros names no device; it is left out";
                context
                    .warnings
                    .push(slot.warning(Code::InvalidDeviceId, MESSAGE));
                return false;
            }
            Err(error) => {
                context.warnings.push(slot.problem(error));
                return false;
            }
        }
        true
    }

    /// Appends `"ttclid":"…",` from the page's address, when no mapping gave one.
    fn write_ttclid_of_page(
        &self,
        row: &Row<'_>,
        found: &mut Found,
        context: &mut Context<'_>,
        out: &mut Vec<u8>,
    ) {
        if found.identifiers.holds(Identifiers::TTCLID) {
            return;
        }
        let Some(url) = self.page_url.as_ref().and_then(|source| source.get(row)) else {
            return;
        };
        if let Some(ttclid) = ttclid_of(url, &mut context.scratch).filter(|text| !is_absent(text)) {
            out.extend_from_slice(b"\"ttclid\":");
            write_string(out, ttclid);
            out.push(b',');
            found.identifiers.add(Identifiers::TTCLID);
        }
    }
}
