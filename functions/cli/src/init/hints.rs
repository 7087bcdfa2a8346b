//! Columns of people whose names hold a word for an identifier, and whose values look like one.

use super::look::Column;
use super::propose::{HALF, NEARLY_ALL};
use super::shape::Shape;

/// Names of Apple's advertising id, and of Google's.
const APPLE: &[&str] = &["idfa"];
const GOOGLE: &[&str] = &["gaid", "aaid"];
/// Words for who makes the device: with an `ad` beside, it is that one's advertising id.
const APPLES: &[&str] = &["apple", "ios"];
const GOOGLES: &[&str] = &["google", "android"];
/// Words for an advertising id of either. A device id alone is mostly another one.
const EITHER: &[&str] = &["advertisingid", "maid", "mobilead"];
const EMAIL: &[&str] = &["mail", "courriel", "correo"];
const PHONE: &[&str] = &["phone", "mobile", "msisdn", "telefon", "handy", "whatsapp"];
/// Ends of names that are about a phone, and are none.
const ABOUT: &[&str] = &["at", "ts", "time", "date", "id"];

const OWN: &str = "that it is the person's own";
const WHICH: &str = "whether it is Apple's advertising id (idfa) or Google's (gaid)";

/// Where the column goes, with what has to be looked at.
pub(super) fn target(column: &Column, plain: &str) -> Option<(&'static str, Option<&'static str>)> {
    let holds = |words: &[&str]| words.iter().any(|word| plain.contains(word));
    let looks = |shape: Shape| shape.share(column).is_some_and(|share| share >= NEARLY_ALL);
    let apple = holds(APPLE) || (holds(APPLES) && holds(&["ad"]));
    let google = holds(GOOGLE) || (holds(GOOGLES) && holds(&["ad"]));
    if looks(Shape::Device) && (apple || google || holds(EITHER)) {
        return Some(match (apple, google) {
            (true, false) => ("user.idfa", None),
            (false, true) => ("user.gaid", None),
            _ if capitals(column) => ("user.idfa", Some(WHICH)),
            _ => ("user.gaid", Some(WHICH)),
        });
    }
    if !is_of_one_person(column) {
        return None;
    }
    if looks(Shape::Email) && holds(EMAIL) {
        return Some(("user.email", Some(OWN)));
    }
    let about = ABOUT.iter().any(|end| plain.ends_with(end));
    let date = Shape::Date.share(column).is_some_and(|share| share >= HALF);
    (looks(Shape::Phone) && holds(PHONE) && !about && !date).then_some(("user.phone", Some(OWN)))
}

/// Whether nearly every value is another one. Else it may be somebody who looks after many people, and not they.
pub(super) fn is_of_one_person(column: &Column) -> bool {
    column.different_of_those_there() >= NEARLY_ALL
}

/// Apple writes its ids in capitals, Google in small letters.
fn capitals(column: &Column) -> bool {
    let count = |is: fn(&u8) -> bool| {
        let bytes = column.samples.iter().flat_map(String::as_bytes);
        bytes.filter(|byte| is(byte)).count()
    };
    count(u8::is_ascii_uppercase) > count(u8::is_ascii_lowercase)
}
