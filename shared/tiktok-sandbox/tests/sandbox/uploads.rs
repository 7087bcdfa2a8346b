//! Files on their way to the sandbox, and the calls that make audiences of them.

use std::fmt::Write as _;

use md5::{Digest as _, Md5};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tiktok_sandbox::TOKEN;

use crate::bench::{ADVERTISER, Bench, digests};

pub(crate) const UPLOAD: &str = "/dmp/custom_audience/file/upload/";
pub(crate) const CREATE: &str = "/dmp/custom_audience/create/";
pub(crate) const UPDATE: &str = "/dmp/custom_audience/update/";

pub(crate) fn md5(content: &str) -> String {
    Md5::digest(content).iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

/// A whole form with a file, correct if its arguments are.
pub(crate) fn form(
    advertiser: &str,
    name: &str,
    content: &str,
    signature: &str,
    calculate_type: &str,
) -> Form {
    Form::new()
        .text("advertiser_id", advertiser.to_owned())
        .text("file_signature", signature.to_owned())
        .text("calculate_type", calculate_type.to_owned())
        .part(
            "file",
            Part::bytes(content.as_bytes().to_vec()).file_name(name.to_owned()),
        )
}

/// Sends a form; the whole envelope.
pub(crate) async fn send(bench: &Bench, form: Form) -> Value {
    let request = bench.http.post(bench.url(UPLOAD)).header("Access-Token", TOKEN);
    request
        .multipart(form)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap()
}

pub(crate) async fn upload_as(
    bench: &Bench,
    name: &str,
    content: &str,
    signature: &str,
    calculate_type: &str,
) -> Value {
    send(bench, form(ADVERTISER, name, content, signature, calculate_type)).await
}

/// Uploads this text; the path that the sandbox has for it.
pub(crate) async fn upload_text(bench: &Bench, content: &str, calculate_type: &str) -> String {
    let answer = upload_as(bench, "ids.csv", content, &md5(content), calculate_type).await;
    assert_eq!(answer["code"], 0, "{answer}");
    answer["data"]["file_path"].as_str().unwrap().to_owned()
}

/// Uploads so many emails.
pub(crate) async fn upload(bench: &Bench, from: usize, count: usize) -> String {
    upload_text(bench, &digests(from, count).join("\n"), "EMAIL_SHA256").await
}

pub(crate) fn creation(paths: &[String]) -> Value {
    json!({"advertiser_id": ADVERTISER, "custom_audience_name": "VIP", "file_paths": paths, "calculate_type": "EMAIL_SHA256"})
}

pub(crate) fn change(id: &str, action: &str, paths: &[String]) -> Value {
    json!({"advertiser_id": ADVERTISER, "custom_audience_id": id, "action": action, "file_paths": paths})
}

/// Makes an audience by this call; its id.
pub(crate) async fn create_by(bench: &Bench, creation: &Value) -> String {
    let answer = bench.post(CREATE, creation).await;
    assert_eq!(answer["code"], 0, "{answer}");
    answer["data"]["custom_audience_id"].as_str().unwrap().to_owned()
}

/// Makes an audience of so many emails.
pub(crate) async fn create(bench: &Bench, ids: usize) -> String {
    let path = upload(bench, 0, ids).await;
    create_by(bench, &creation(&[path])).await
}
