//! What is answered to a message that is none: an error that carries the message's id where one can be found.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use serde_json::{Value, json};

/// The longest id looked at, in bytes.
const ID_BYTES_MAX: usize = 200;

/// A message that is no JSON.
pub(super) const NOT_JSON: (i32, &str) = (-32700, "the message is not JSON, or is nested too deeply");
/// A message that is JSON and no request, notification or reply.
pub(super) const NOT_A_MESSAGE: (i32, &str) = (-32600, "the message is no JSON-RPC 2.0 request");

/// What can be told of a message without reading it whole: it may be cut, broken, or too deep for a parser. Bytes are
/// looked at as they come; nothing grows with their number.
#[derive(Debug, Default)]
pub(super) struct Envelope {
    depth: usize,
    within: Within,
    /// The text or number under way at the message's own level.
    token: Vec<u8>,
    expects: Expects,
    key: Key,
    id: Option<Value>,
    has_method: bool,
    is_reply: bool,
    beginning: Beginning,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Within {
    #[default]
    Structure,
    Text,
    /// A text, after a backslash.
    Escape,
}

/// What the first byte says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Beginning {
    #[default]
    ToCome,
    Json,
    Noise,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Expects {
    #[default]
    Key,
    Value,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Key {
    #[default]
    Other,
    Id,
    Method,
    /// `result` or `error`.
    Reply,
}

impl Envelope {
    /// Of these bytes.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut envelope = Self::default();
        envelope.feed(bytes);
        envelope
    }

    /// Looks at the next bytes.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match self.within {
                Within::Structure => self.outside(*byte),
                Within::Text => self.text(*byte),
                Within::Escape => {
                    self.within = Within::Text;
                    self.keep(*byte);
                }
            }
        }
    }

    /// The answer to a message like this, if it is one to be answered: what looks like no JSON at all is noise, a
    /// notification wants no answer, and a reply must have none, or two programs answer each other for ever.
    pub(super) fn answer(&self, error: (i32, &str)) -> Option<Value> {
        let is_notification = self.has_method && self.id.is_none() && error.0 == NOT_A_MESSAGE.0;
        if self.beginning != Beginning::Json || self.is_reply || is_notification {
            return None;
        }
        Some(self.error(error))
    }

    /// The error, with the message's id where it has one.
    fn error(&self, (code, message): (i32, &str)) -> Value {
        let mut answer = json!({"jsonrpc": "2.0", "error": {"code": code, "message": message}});
        if let (Some(id), Some(answer)) = (&self.id, answer.as_object_mut()) {
            answer.insert("id".to_owned(), id.clone());
        }
        answer
    }

    fn keep(&mut self, byte: u8) {
        // One more than may be, so that a longer one is seen to be none.
        if self.depth == 1 && self.token.len() <= ID_BYTES_MAX {
            self.token.push(byte);
        }
    }

    fn text(&mut self, byte: u8) {
        match byte {
            b'\\' => {
                self.within = Within::Escape;
                self.keep(byte);
            }
            b'"' => {
                self.within = Within::Structure;
                if self.depth == 1 {
                    self.text_ended();
                }
            }
            _ => self.keep(byte),
        }
    }

    fn text_ended(&mut self) {
        let token = std::mem::take(&mut self.token);
        match (self.expects, self.key) {
            (Expects::Key, _) => {
                self.key = match token.as_slice() {
                    b"id" => Key::Id,
                    b"method" => Key::Method,
                    b"result" | b"error" => Key::Reply,
                    _ => Key::Other,
                };
            }
            (Expects::Value, Key::Id) if token.len() <= ID_BYTES_MAX && self.id.is_none() => {
                let quoted = [b"\"", token.as_slice(), b"\""].concat();
                self.id = serde_json::from_slice(&quoted).ok();
            }
            (Expects::Value, Key::Method) => self.has_method = true,
            (Expects::Value, _) => {}
        }
    }

    fn outside(&mut self, byte: u8) {
        match byte {
            b'"' => {
                self.within = Within::Text;
                self.token.clear();
            }
            b'{' | b'[' => {
                self.depth += 1;
                if self.depth == 1 {
                    self.expects = Expects::Key;
                }
            }
            b'}' | b']' => {
                self.number_ended();
                self.depth = self.depth.saturating_sub(1);
            }
            b':' if self.depth == 1 => {
                self.expects = Expects::Value;
                self.is_reply |= self.key == Key::Reply;
                self.token.clear();
            }
            b',' if self.depth == 1 => {
                self.number_ended();
                self.expects = Expects::Key;
                self.key = Key::Other;
            }
            b' ' | b'\t' | b'\r' | b'\n' => self.number_ended(),
            _ => self.keep(byte),
        }
        // A mark at the very beginning, which some editors leave, is none of the message.
        if self.beginning == Beginning::ToCome && !matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0xEF | 0xBB | 0xBF) {
            self.beginning = if matches!(byte, b'{' | b'[') { Beginning::Json } else { Beginning::Noise };
        }
    }

    /// The end of what may have been a number.
    fn number_ended(&mut self) {
        if self.depth != 1 || self.token.is_empty() {
            return;
        }
        let token = std::mem::take(&mut self.token);
        if self.expects == Expects::Value && self.key == Key::Id && self.id.is_none() {
            let number = serde_json::from_slice::<Value>(&token).ok();
            self.id = number.filter(|number| number.is_i64() || number.is_u64());
        }
    }
}

/// Over HTTP: a body longer than `bytes_max`, or one that the protocol's own reader refuses with plain text, is answered
/// with a JSON-RPC error.
pub(super) async fn answered(request: Request, next: Next, bytes_max: usize) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let (head, body) = request.into_parts();
    let mut pieces = body.into_data_stream();
    let mut body = Vec::new();
    while let Some(piece) = pieces.next().await {
        let Ok(piece) = piece else { return StatusCode::BAD_REQUEST.into_response() };
        body.extend_from_slice(&piece);
        if bytes_max < body.len() {
            let why = format!("the message is longer than {bytes_max} bytes");
            return error(StatusCode::PAYLOAD_TOO_LARGE, &body, (NOT_A_MESSAGE.0, &why));
        }
    }
    let body = axum::body::Bytes::from(body);
    let is_json = head.headers.get(header::CONTENT_TYPE).is_some_and(is_json);
    let response = next.run(Request::from_parts(head, Body::from(body.clone()))).await;
    let refused = matches!(
        response.status(),
        StatusCode::BAD_REQUEST | StatusCode::UNSUPPORTED_MEDIA_TYPE | StatusCode::UNPROCESSABLE_ENTITY
    );
    if !refused || response.headers().get(header::CONTENT_TYPE).is_some_and(self::is_json) {
        return response;
    }
    let why = if !is_json {
        (NOT_A_MESSAGE.0, "the content type of a message is application/json")
    } else if serde_json::from_slice::<Value>(&body).is_err() {
        NOT_JSON
    } else {
        NOT_A_MESSAGE
    };
    error(response.status(), &body, why)
}

fn is_json(value: &axum::http::HeaderValue) -> bool {
    value.as_bytes().starts_with(b"application/json")
}

/// A reply over HTTP says something whatever came.
fn error(status: StatusCode, body: &[u8], error: (i32, &str)) -> Response {
    let answer = Envelope::of(body).error(error);
    (status, [(header::CONTENT_TYPE, "application/json")], answer.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_id(message: &str, expect: Option<Value>) {
        assert_eq!(Envelope::of(message.as_bytes()).id, expect, "{message}");
        // It does not matter in what pieces it comes.
        let mut envelope = Envelope::default();
        message.bytes().for_each(|byte| envelope.feed(&[byte]));
        assert_eq!(envelope.id, expect, "{message}");
    }

    #[test]
    fn an_id_is_found_wherever_it_stands_at_the_message_s_own_level() {
        check_id(r#"{"jsonrpc":"2.0","id":7,"method":"x"}"#, Some(json!(7)));
        check_id(r#"{"params":{"id":1,"a":[{"id":2}]},"id" : "a\"b" ,"method":"x"}"#, Some(json!("a\"b")));
        check_id(r#"{"method":"x","params":{"text":"} ,\"id\":3,{"},"id":-4}"#, Some(json!(-4)));
        check_id(r#"{"id":9,"params":{"cut"#, Some(json!(9)));
        check_id(r#"{"id":9,"#, Some(json!(9)));
        check_id(r#"{"id":1.5}"#, None);
        check_id(r#"{"id":null,"method":"x"}"#, None);
        check_id(r#"{"x":"id","y":5}"#, None);
        check_id(r#"[{"id":5}]"#, None);
        check_id("id: 5", None);
        let deep = format!(r#"{{"params":{}1{},"id":11}}"#, "[".repeat(10_000), "]".repeat(10_000));
        check_id(&deep, Some(json!(11)));
        check_id(&format!(r#"{{"id":"{}"}}"#, "x".repeat(1_000)), None);
    }

    #[test]
    fn replies_notifications_and_noise_are_not_answered() {
        let answered = |message: &str, error| Envelope::of(message.as_bytes()).answer(error).is_some();
        assert!(answered(r#"{"id":1,"method":"#, NOT_JSON));
        assert!(answered(r#"{"id":1,"jsonrpc":"1.0"}"#, NOT_A_MESSAGE));
        assert!(answered("{broken", NOT_JSON));
        assert!(answered("\u{feff}[1]", NOT_A_MESSAGE));
        assert!(!answered(r#"{"jsonrpc":"2.0","error":{"code":-32700},"#, NOT_JSON));
        assert!(!answered(r#"{"id":1,"result":"#, NOT_JSON));
        assert!(!answered(r#"{"method":"notifications/x","jsonrpc":"1.0"}"#, NOT_A_MESSAGE));
        assert!(!answered("hello", NOT_JSON));
        assert!(!answered("say {", NOT_JSON));
        assert!(!answered("", NOT_JSON));
    }
}
