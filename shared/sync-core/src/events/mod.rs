//! Events: mapping targets, and a row's way to an event's JSON.
