//! MCP as lines of JSON over a pair of streams.

use std::io;
use std::sync::Arc;

use futures_util::SinkExt as _;
use rmcp::RoleServer;
use rmcp::model::{ClientJsonRpcMessage, ClientRequest, GetMeta as _, ServerJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, BufReader};
use tokio::sync::Mutex;
use tokio_util::codec::{FramedWrite, LinesCodec, LinesCodecError};

use super::unreadable::{Envelope, NOT_A_MESSAGE, NOT_JSON};

/// The longest message, in bytes; arguments are small.
const LINE_BYTES_MAX: usize = 1024 * 1024;
/// What some editors and shells begin a text with.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

type Output<W> = Arc<Mutex<Option<FramedWrite<W, LinesCodec>>>>;

/// A transport of lines that answers what it cannot read, and lets no stray message end the conversation before it began.
pub(super) struct Lines<R, W> {
    input: BufReader<R>,
    output: Output<W>,
    /// The line under way. Kept here, since a read may be called off in the middle.
    line: Vec<u8>,
    /// What is known of a line too long to keep, until its end.
    dropped: Option<Envelope>,
    /// An error on its way out: a read may be called off in the middle of that too.
    error: Option<String>,
    /// Whether a client has said hello, or sent a request that needs none.
    begun: bool,
}

/// What came.
enum Line {
    Whole,
    TooLong(Envelope),
    End,
}

impl<R: AsyncRead + Send + Unpin, W: AsyncWrite + Send + Unpin + 'static> Lines<R, W> {
    pub(super) fn new(input: R, output: W) -> Self {
        let output = FramedWrite::new(output, LinesCodec::new());
        Self {
            input: BufReader::new(input),
            output: Arc::new(Mutex::new(Some(output))),
            line: Vec::new(),
            dropped: None,
            error: None,
            begun: false,
        }
    }

    /// The next line, into `self.line` unless it is too long. May be called off and called again.
    async fn next_line(&mut self) -> io::Result<Line> {
        loop {
            let available = self.input.fill_buf().await?;
            if available.is_empty() {
                // The last line may lack its end.
                if let Some(envelope) = self.dropped.take() {
                    return Ok(Line::TooLong(envelope));
                }
                return Ok(if self.line.is_empty() { Line::End } else { Line::Whole });
            }
            let end = available.iter().position(|byte| *byte == b'\n');
            let (piece, taken) = match end.and_then(|end| available.get(..end).zip(Some(end + 1))) {
                Some(found) => found,
                None => (available, available.len()),
            };
            if let Some(envelope) = &mut self.dropped {
                envelope.feed(piece);
            } else if LINE_BYTES_MAX < self.line.len() + piece.len() {
                let mut envelope = Envelope::of(&self.line);
                envelope.feed(piece);
                self.dropped = Some(envelope);
                self.line = Vec::new();
            } else {
                self.line.extend_from_slice(piece);
            }
            self.input.consume(taken);
            if end.is_some() {
                return Ok(self.dropped.take().map_or(Line::Whole, Line::TooLong));
            }
        }
    }

    /// Sends the error that waits, if one does. False when nobody can be told any more.
    async fn tell(&mut self) -> bool {
        if self.error.is_none() {
            return true;
        }
        let mut output = self.output.lock().await;
        let Some(output) = output.as_mut() else { return false };
        // What is fed stays in the buffer whatever is called off afterwards; before that nothing of it is there.
        if std::future::poll_fn(|context| futures_util::SinkExt::<String>::poll_ready_unpin(output, context))
            .await
            .is_err()
        {
            return false;
        }
        if let Some(error) = self.error.take()
            && output.start_send_unpin(error).is_err()
        {
            return false;
        }
        futures_util::SinkExt::<String>::flush(output).await.is_ok()
    }

    /// The message of the line at hand; what is none is answered.
    fn read(&mut self) -> Option<ClientJsonRpcMessage> {
        let line = std::mem::take(&mut self.line);
        let text = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&line).trim_ascii();
        if text.is_empty() {
            return None;
        }
        let error = match serde_json::from_slice::<ClientJsonRpcMessage>(text) {
            Ok(message) => return self.admit(message),
            Err(error) => error,
        };
        tracing::debug!("a message was not understood: {:?}", error.classify());
        let why = if error.is_data() { NOT_A_MESSAGE } else { NOT_JSON };
        self.error = Envelope::of(text).answer(why).map(|answer| answer.to_string());
        None
    }

    /// Before hello only requests are let through: anything else would end the conversation, and answers to nothing and
    /// notifications about nothing lose nothing by being dropped.
    fn admit(&mut self, message: ClientJsonRpcMessage) -> Option<ClientJsonRpcMessage> {
        match &message {
            ClientJsonRpcMessage::Request(request) => {
                self.begun |= match &request.request {
                    ClientRequest::InitializeRequest(_) => true,
                    ClientRequest::PingRequest(_) | ClientRequest::DiscoverRequest(_) => false,
                    other => other.get_meta().protocol_version().is_some(),
                };
                Some(message)
            }
            _ => self.begun.then_some(message),
        }
    }
}

impl<R, W> Transport<RoleServer> for Lines<R, W>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    type Error = io::Error;

    fn send(
        &mut self,
        message: ServerJsonRpcMessage,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let output = Arc::clone(&self.output);
        async move {
            let line = serde_json::to_string(&message)?;
            match output.lock().await.as_mut() {
                Some(output) => output.send(line).await.map_err(|error| match error {
                    LinesCodecError::Io(error) => error,
                    LinesCodecError::MaxLineLengthExceeded => io::ErrorKind::InvalidData.into(),
                }),
                None => Err(io::ErrorKind::NotConnected.into()),
            }
        }
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        loop {
            if !self.tell().await {
                return None;
            }
            match self.next_line().await {
                Ok(Line::Whole) => {
                    if let Some(message) = self.read() {
                        return Some(message);
                    }
                }
                Ok(Line::TooLong(envelope)) => {
                    let why = format!("the message is longer than {LINE_BYTES_MAX} bytes");
                    self.error = envelope.answer((NOT_A_MESSAGE.0, &why)).map(|answer| answer.to_string());
                }
                Ok(Line::End) => return None,
                Err(error) => {
                    tracing::error!("standard input cannot be read: {error}");
                    return None;
                }
            }
        }
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        drop(self.output.lock().await.take());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    /// What is let through and what is answered, of a conversation that comes in pieces of this size.
    async fn converse(text: &[u8], piece: usize) -> (Vec<Value>, Vec<Value>) {
        let (mut theirs, input) = tokio::io::duplex(1024);
        let (output, answers) = tokio::io::duplex(1024 * 1024);
        let pieces: Vec<Vec<u8>> = text.chunks(piece).map(<[u8]>::to_vec).collect();
        let writing = tokio::spawn(async move {
            for piece in pieces {
                theirs.write_all(&piece).await.unwrap();
            }
        });
        let mut lines = Lines::new(input, output);
        let mut messages = Vec::new();
        loop {
            // Each read is called off once, as the server does when it has something to send.
            let called_off = tokio::time::timeout(std::time::Duration::ZERO, lines.receive()).await;
            let message = match called_off {
                Ok(message) => message,
                Err(_) => lines.receive().await,
            };
            let Some(message) = message else { break };
            messages.push(serde_json::to_value(message).unwrap());
        }
        writing.await.unwrap();
        lines.close().await.unwrap();
        drop(lines);
        let mut answered = Vec::new();
        let mut answers = BufReader::new(answers).lines();
        while let Some(line) = answers.next_line().await.unwrap() {
            answered.push(serde_json::from_str(&line).unwrap());
        }
        (messages, answered)
    }

    #[tokio::test]
    async fn a_message_that_cannot_be_read_is_answered_and_the_next_one_is_read() {
        let hello = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
        let deep =
            format!(r#"{{"jsonrpc":"2.0","method":"x","params":{}{},"id":3}}"#, "[".repeat(500), "]".repeat(500));
        let long = format!(
            r#"{{"jsonrpc":"2.0","method":"x","params":{{"a":"{}"}},"id":"long"}}"#,
            "x".repeat(LINE_BYTES_MAX)
        );
        let lines = [
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            r#"{"jsonrpc":"2.0","id":99,"result":{}}"#,
            hello,
            r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":"#,
            &deep,
            &long,
            r#"{"jsonrpc":"1.0","id":4,"method":"ping"}"#,
            "noise",
            "",
            r#"{"jsonrpc":"2.0","id":5,"method":"ping"}"#,
        ];
        let mut text = b"\xEF\xBB\xBF".to_vec();
        text.extend(lines.join("\r\n").bytes());
        for piece in [17, 100_000] {
            let (messages, answered) = converse(&text, piece).await;
            assert_eq!(messages.iter().map(|message| &message["id"]).collect::<Vec<_>>(), [&json!(1), &json!(5)]);
            let told: Vec<_> =
                answered.iter().map(|answer| (answer["id"].clone(), answer["error"]["code"].clone())).collect();
            let expect = [(2, -32700), (3, -32700)].map(|(id, code)| (json!(id), json!(code)));
            assert_eq!(told[..2], expect);
            assert_eq!(told[2..], [(json!("long"), json!(-32600)), (json!(4), json!(-32600))]);
        }
    }
}
