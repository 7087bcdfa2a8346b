//! tiktok-sandbox
