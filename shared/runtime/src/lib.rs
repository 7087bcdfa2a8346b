#![doc = include_str!("../README.md")]

pub mod facts;
pub mod register;
pub mod settle;
pub mod store;
