//! Values that are not personal: times, numbers, currencies, event names.
