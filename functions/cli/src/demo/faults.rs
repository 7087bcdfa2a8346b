//! What goes wrong in exports: one row for each code that a web event can be rejected with.
//!
//! Two codes are missing, as no row of web events has them: `missing_field` is for CRM events, and `not_hashed` for
//! specs with `hashing: already_hashed`.

use jiff::{SignedDuration, Timestamp};
use sync_core::rejection::Code;

use super::order::{Order, time};
use super::spec::COLUMNS;

/// The faults of the sample, in the order in which they are made. `Expired` is none of a row's own: it came too late.
pub(super) const FAULTS: [Code; 19] = [
    Code::InvalidEmail,
    Code::DuplicatePrimaryKey,
    Code::InvalidPhone,
    Code::InvalidTime,
    Code::Expired,
    Code::NoIdentifier,
    Code::InvalidNumber,
    Code::InvalidCurrency,
    Code::MissingEventTime,
    Code::InvalidEventName,
    Code::InvalidJson,
    Code::MissingPrimaryKey,
    Code::RaggedRow,
    Code::FutureTime,
    Code::MissingEventName,
    Code::InvalidUtf8,
    Code::InvalidExternalId,
    Code::InvalidValue,
    Code::RowTooLarge,
];

/// Makes a good row bad, in the way of this code. Gives how many of its fields are written.
pub(super) fn spoil(order: &mut Order, fault: Code, earlier: &str, base: Timestamp) -> usize {
    let mut fields = COLUMNS.len();
    match fault {
        Code::InvalidEmail => {
            order.forget_person();
            "anna.becker(at)mail.example".clone_into(&mut order.email);
        }
        Code::DuplicatePrimaryKey => earlier.clone_into(&mut order.event_id),
        Code::InvalidPhone => {
            order.forget_person();
            "ext. 12".clone_into(&mut order.phone);
        }
        Code::InvalidTime => "last Tuesday".clone_into(&mut order.occurred_at),
        Code::Expired => order.occurred_at = time(base, SignedDuration::from_hours(40 * 24)),
        Code::NoIdentifier => order.forget_person(),
        Code::InvalidNumber => "19,95 EUR".clone_into(&mut order.value),
        Code::InvalidCurrency => "EURO".clone_into(&mut order.currency),
        Code::MissingEventTime => order.occurred_at.clear(),
        Code::InvalidEventName => "order_cancelled".clone_into(&mut order.event),
        Code::InvalidJson => "[{\"content_id\": \"SKU-1001\", \"quan".clone_into(&mut order.items),
        Code::MissingPrimaryKey => order.event_id.clear(),
        Code::RaggedRow => fields -= 2,
        Code::FutureTime => order.occurred_at = time(base, SignedDuration::from_hours(-3 * 24)),
        Code::MissingEventName => order.event.clear(),
        // Latin-1, as an old system writes it.
        Code::InvalidUtf8 => order.first_name = b"J\xfcrgen".to_vec(),
        Code::InvalidExternalId => {
            order.forget_person();
            "00000000-0000-0000-0000-000000000000".clone_into(&mut order.customer_id);
        }
        Code::InvalidValue => "maybe".clone_into(&mut order.limited),
        Code::RowTooLarge => order.user_agent = "Mozilla/5.0 ".repeat(18_000),
        _ => {}
    }
    fields
}
