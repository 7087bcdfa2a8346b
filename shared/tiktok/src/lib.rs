//! tiktok
