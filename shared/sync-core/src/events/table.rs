//! Every mapping target of an event, in one table: the parser of specs, the mapper, the JSON Schema and the
//! documents are all made from it (TikTok Events API 2.0, "event/track": event, user, page, properties).

use super::sources::Sources;

const ALL: Sources = Sources::ALL;
const WEB: Sources = Sources::WEB;
const OFFLINE: Sources = Sources::OFFLINE;
const CRM: Sources = Sources::CRM;
const APP: Sources = Sources::APP;
const WEB_CRM: Sources = Sources::WEB.and(Sources::CRM);
const WEB_APP: Sources = Sources::WEB.and(Sources::APP);

/// What a field takes, and how a column's text becomes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueKind {
    /// A time; goes out as whole Unix seconds.
    Time,
    /// Text, trimmed at its ends.
    Text,
    /// Email addresses: one, or a list. Hashed.
    Email,
    /// Phone numbers: one, or a list. Hashed.
    Phone,
    /// The company's own ids of a person: one, or a JSON list. Hashed.
    ExternalId,
    /// A name or postal code: blanks removed, lower case. Hashed.
    Name,
    /// A city, state or country of a person: lower case, letters and digits only. Not hashed.
    Place,
    /// A public IP address.
    Ip,
    /// Apple's advertising id.
    Idfa,
    /// Apple's vendor id.
    Idfv,
    /// Google's advertising id.
    Gaid,
    /// The answer to Apple's tracking question.
    AttStatus,
    /// A number without sign; its digits go as they are.
    Number,
    /// A whole number without sign.
    Integer,
    /// A currency code.
    Currency,
    /// The kind of the contents.
    ContentType,
    /// `true` or `false`.
    Boolean,
    /// Texts: one, or a JSON list.
    TextList,
    /// A JSON list of two numbers.
    NumberRange,
    /// A JSON list of objects, or one object.
    Contents,
    /// A JSON object.
    Object,
    /// A key that TikTok does not list: text, or the JSON that the column holds.
    Free,
}

impl ValueKind {
    /// The words for it in the documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Text => "text",
            Self::Email => "email, one or a list",
            Self::Phone => "phone, one or a list",
            Self::ExternalId => "id, one or a list",
            Self::Name => "name",
            Self::Place => "place",
            Self::Ip => "IP address",
            Self::Idfa | Self::Idfv | Self::Gaid => "device id",
            Self::AttStatus => "status",
            Self::Number => "number",
            Self::Integer => "whole number",
            Self::Currency => "currency",
            Self::ContentType => "content type",
            Self::Boolean => "true or false",
            Self::TextList => "text, one or a list",
            Self::NumberRange => "list of two numbers",
            Self::Contents => "list of objects",
            Self::Object => "object",
            Self::Free => "text or JSON",
        }
    }

    /// True when the value is hashed with SHA-256 before it leaves.
    pub fn is_hashed(self) -> bool {
        matches!(self, Self::Email | Self::Phone | Self::ExternalId | Self::Name)
    }

    /// True when the value names a person or a person's device, so that it must not be shown in reports.
    pub fn is_identity(self) -> bool {
        self.is_hashed() || matches!(self, Self::Ip | Self::Idfa | Self::Idfv | Self::Gaid)
    }

    /// True when several mappings may fill the field, each adding to its list.
    pub fn takes_several(self) -> bool {
        matches!(
            self,
            Self::Email | Self::Phone | Self::ExternalId | Self::TextList
        )
    }
}

/// One mapping target.
#[derive(Debug, PartialEq, Eq)]
pub struct EventField {
    /// Its path in the event; `[]` stands for a position such as `[0]`.
    pub path: &'static str,
    /// What it takes.
    pub kind: ValueKind,
    /// The event sources that TikTok names for it.
    pub sources: Sources,
    /// The rule, as a sentence for users.
    pub rule: &'static str,
    /// A value as it may stand in a column.
    pub example: &'static str,
}

macro_rules! fields {
    ($($path:literal $kind:ident $sources:ident $rule:literal $example:literal)*) => {
        /// The table, in the order in which the documents show it.
        pub static FIELDS: &[EventField] = &[
            $(EventField {
                path: $path, kind: ValueKind::$kind, sources: $sources, rule: $rule, example: $example,
            },)*
        ];
    };
}

fields! {
    "event_time" Time ALL "When it happened. ISO 8601, a date, or Unix seconds, milliseconds or microseconds; without a zone in `model.time_zone`. Goes out as whole Unix seconds." "2026-11-01T10:00:00Z"
    "event_id" Text ALL "The event's id, by which TikTok drops what it has seen. Without it the primary key is taken." "order-1001"
    "limited_data_use" Boolean WEB_APP "Whether the person limited the use of their data." "true"

    "user.email" Email ALL "Trimmed, lower-cased, then hashed. Several: a JSON list, or separated by `,` or `;`." "jane@shop.example"
    "user.phone" Phone ALL "Brought to E.164 with `identity.default_country`, then hashed with its `+`. Several: a JSON list, or separated by `,` or `;`." "+49 30 1234567"
    "user.external_id" ExternalId WEB_CRM "Your own id of the person: trimmed, then hashed. Several: a JSON list; nothing else splits it." "customer-17"
    "user.ttclid" Text WEB "TikTok's click id. Where it is empty, the parameter `ttclid` of `page.url` is taken." "E.C.P.v1ct"
    "user.ttp" Text WEB "The value of the cookie `_ttp`." "94e2a4j9-h3ss-k5h5-98cc-c84n745mk26f"
    "user.ip" Ip WEB_APP "A public IPv4 or IPv6 address, as it is. Others are left out with a warning." "203.0.113.9"
    "user.user_agent" Text WEB_APP "The browser's user agent. Counts as an identifier together with `user.ip`." "Mozilla/5.0"
    "user.locale" Text WEB_APP "The language, as BCP 47 writes it." "de-DE"
    "user.first_name" Name WEB "Blanks removed, lower-cased, then hashed." "Jane"
    "user.last_name" Name WEB "Blanks removed, lower-cased, then hashed." "Doe"
    "user.zip_code" Name WEB "Blanks removed, lower-cased, then hashed." "10115"
    "user.city" Place WEB "Lower case, only `a` to `z` and digits. Where none is left the value is left out with a warning." "Berlin"
    "user.state" Place WEB "Lower case, only `a` to `z` and digits. Where none is left the value is left out with a warning." "Berlin"
    "user.country" Place WEB "Lower case, only `a` to `z` and digits. Where none is left the value is left out with a warning." "de"
    "user.idfa" Idfa APP "Apple's advertising id: a UUID goes in capitals, anything else is hashed with a warning, all zeros are left out." "5F3A2B18-9C4D-4E7F-B8E2-17D3A1E69B25"
    "user.idfv" Idfv APP "Apple's vendor id: a UUID goes as it is, anything else is hashed with a warning, all zeros are left out." "5F3A2B18-9C4D-4E7F-B8E2-17D3A1E69B25"
    "user.gaid" Gaid APP "Google's advertising id: a UUID goes in lower case, anything else is hashed with a warning, all zeros are left out." "5f3a2b18-9c4d-4e7f-b8e2-17d3a1e69b25"
    "user.att_status" AttStatus APP "AUTHORIZED, DENIED, NOT_DETERMINED, RESTRICTED or NOT_APPLICABLE, in any letter case; others are left out with a warning." "AUTHORIZED"
    "user.lead_id" Text OFFLINE "The id of a TikTok lead." "7321000000000000001"

    "page.url" Text WEB "The page's address with its query. A web event without it goes with a warning." "https://shop.example/thanks?ttclid=E.C.P.v1ct"
    "page.referrer" Text WEB "The address of the page before." "https://shop.example/cart"

    "properties" Object ALL "A JSON object of properties; each member follows the rule of its own target below, and a mapping of its own wins." r#"{"currency": "EUR", "value": 20.5}"#
    "properties.contents" Contents ALL "A JSON list of objects; one object counts as a list of one. Members follow the rules below, others pass through." r#"[{"content_id": "sku-7", "quantity": 2, "price": 10.0}]"#
    "properties.contents[].price" Number ALL "The price of one piece." "10.00"
    "properties.contents[].quantity" Integer ALL "How many pieces." "2"
    "properties.contents[].content_id" Text ALL "The product's id; a number becomes text." "sku-7"
    "properties.contents[].content_category" Text ALL "The product's category." "shoes"
    "properties.contents[].content_name" Text ALL "The product's name." "Red shoes"
    "properties.contents[].brand" Text ALL "The product's brand." "Acme"
    "properties.content_ids" TextList ALL "Product ids. Several: a JSON list." r#"["sku-7", "sku-8"]"#
    "properties.content_type" ContentType ALL "`product` or `product_group`; others go with a warning." "product"
    "properties.currency" Currency ALL "A code of TikTok's list, in either case." "EUR"
    "properties.value" Number ALL "The total: digits and at most one point, without sign, currency or thousands separator." "20.50"
    "properties.num_items" Integer ALL "How many pieces in all." "2"
    "properties.search_string" Text ALL "What was searched for." "red shoes"
    "properties.query" Text ALL "What was searched for, under its older name." "red shoes"
    "properties.description" Text ALL "A description." "Autumn sale"
    "properties.order_id" Text ALL "The order's id." "1001"
    "properties.shop_id" Text ALL "The shop's id." "55"
    "properties.status" Text ALL "The order's status." "paid"
    "properties.delivery_category" Text ALL "How it is delivered." "home_delivery"
    "properties.predicted_ltv" Number ALL "The predicted value of the person over time." "120.5"
    "properties.event_channel" Text OFFLINE "Where an offline event took place." "in_store"

    "properties.city" Text WEB "Travel: the city." "Lisbon"
    "properties.region" Text WEB "Travel: the region." "Lisboa"
    "properties.country" Text WEB "Travel: the country." "Portugal"
    "properties.checkin_date" Text WEB "Travel: the day of arrival at the hotel." "2026-12-01"
    "properties.checkout_date" Text WEB "Travel: the day of departure from the hotel." "2026-12-05"
    "properties.num_adults" Number WEB "Travel: how many adults." "2"
    "properties.num_children" Number WEB "Travel: how many children." "1"
    "properties.num_infants" Number WEB "Travel: how many infants." "0"
    "properties.suggested_hotels" TextList WEB "Travel: hotel ids. Several: a JSON list." r#"["h-1", "h-2"]"#
    "properties.departing_departure_date" Text WEB "Travel: departure of the outward journey." "2026-12-01"
    "properties.returning_departure_date" Text WEB "Travel: departure of the return journey." "2026-12-05"
    "properties.departing_arrival_date" Text WEB "Travel: arrival of the outward journey." "2026-12-01"
    "properties.returning_arrival_date" Text WEB "Travel: arrival of the return journey." "2026-12-05"
    "properties.origin_airport" Text WEB "Travel: the airport of departure." "BER"
    "properties.destination_airport" Text WEB "Travel: the airport of arrival." "LIS"
    "properties.destination_ids" TextList WEB "Travel: destination ids. Several: a JSON list." r#"["d-1"]"#
    "properties.travel_class" Text WEB "Travel: the class." "eco"
    "properties.user_score" Number WEB "Travel: how much the person is worth." "42"
    "properties.preferred_num_stops" Number WEB "Travel: how many stops the person likes." "0"
    "properties.travel_start" Text WEB "Travel: the first day." "2026-12-01"
    "properties.travel_end" Text WEB "Travel: the last day." "2026-12-05"
    "properties.suggested_destinations" TextList WEB "Travel: destination ids. Several: a JSON list." r#"["d-1", "d-2"]"#

    "properties.postal_code" Text WEB "Vehicles: the postal code." "10115"
    "properties.make" Text WEB "Vehicles: the maker." "Acme"
    "properties.model" Text WEB "Vehicles: the model." "Roadster"
    "properties.year" Number WEB "Vehicles: the year." "2024"
    "properties.state_of_vehicle" Text WEB "Vehicles: new, used or certified." "New"
    "properties.mileage" Object WEB "Vehicles: a JSON object of `unit` and `value`." r#"{"unit": "KM", "value": 12000}"#
    "properties.mileage.unit" Text WEB "Vehicles: the unit of the mileage." "KM"
    "properties.mileage.value" Number WEB "Vehicles: the mileage." "12000"
    "properties.exterior_color" Text WEB "Vehicles: the colour outside." "red"
    "properties.interior_color" Text WEB "Vehicles: the colour inside." "black"
    "properties.transmission" Text WEB "Vehicles: the transmission." "Automatic"
    "properties.body_style" Text WEB "Vehicles: the body." "SUV"
    "properties.fuel_type" Text WEB "Vehicles: the fuel." "Electric"
    "properties.drivetrain" Text WEB "Vehicles: the drivetrain." "AWD"
    "properties.preferred_price_range" NumberRange WEB "Vehicles: a JSON list of the lowest and the highest price." "[10000, 20000]"
    "properties.trim" Text WEB "Vehicles: the trim." "Sport"
    "properties.vin" Text WEB "Vehicles: the identification number." "1HGCM82633A004352"
    "properties.condition_of_vehicle" Text WEB "Vehicles: the condition." "Good"
    "properties.viewcontent_type" Text WEB "Vehicles: the kind of the view." "vehicle_details"
    "properties.search_type" Text WEB "Vehicles: the kind of the search." "inventory"
    "properties.registration_type" Text WEB "Vehicles: the kind of the registration." "newsletter"

    "lead.lead_id" Text CRM "The lead's id; CRM events need it." "7321000000000000001"
    "lead.lead_event_source" Text CRM "The name of the CRM." "Acme CRM"

    "app.app_id" Text APP "The app's id." "1234567890"
    "app.app_name" Text APP "The app's name." "Acme"
    "app.app_version" Text APP "The app's version." "4.2.0"
    "ad.callback" Text APP "The callback of the ad." "123ATXSfe"
    "ad.campaign_id" Text APP "The campaign's id." "1710000000000001"
    "ad.ad_id" Text APP "The ad's id." "1710000000000002"
    "ad.creative_id" Text APP "The creative's id." "1710000000000003"
    "ad.is_retargeting" Boolean APP "Whether it comes from retargeting." "false"
    "ad.attributed" Boolean APP "Whether it was attributed." "true"
    "ad.attribution_type" Text APP "The kind of the attribution." "click"
    "ad.attribution_provider" Text APP "Who attributed it." "Acme MMP"
}
