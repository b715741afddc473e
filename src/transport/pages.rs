//! The pages of the login: plain HTML, no script, readable on a telephone and by a screen reader.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use access::{Asking, Given, Page, PageError};

use super::escaped;
use super::gate::no_store;

/// Their style sheet.
pub(super) const STYLE: &str = "\
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0; }
main { max-width: 26rem; margin: 10vh auto; padding: 1.5rem; }
h1 { font-size: 1.4rem; }
label { display: block; margin-top: 1rem; }
input { font: inherit; width: 100%; box-sizing: border-box; padding: .5rem; }
button { font: inherit; margin: 1.2rem .6rem 0 0; padding: .5rem 1.4rem; }
dt { font-weight: 600; margin-top: .6rem; }
dd { margin: 0; }
.error { border-left: .3rem solid #c0392b; padding-left: .7rem; }
.note { font-size: .9rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: .9rem/1.5 ui-monospace, monospace; }
main:has(pre) { max-width: 72rem; margin-top: 2rem; }
";

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <link rel=\"stylesheet\" href=\"/authorize/style.css\">\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n{body}</main>\n\
         </body>\n</html>\n"
    )
}

/// Who asks, as far as that is sure.
fn who(asking: &Asking) -> String {
    let name = escaped(&asking.name);
    let host = asking.host.as_deref().map(|host| format!(" ({})", escaped(host))).unwrap_or_default();
    let sure =
        if asking.unverified && asking.host.is_none() { " <em>(unverified: the name is its own)</em>" } else { "" };
    format!(
        "<dt>Application</dt><dd>{name}{host}{sure}</dd>\n<dt>Goes back to</dt><dd>{}</dd>\n",
        escaped(&asking.returns_to)
    )
}

fn hidden(page: &Page) -> String {
    format!(
        "<input type=\"hidden\" name=\"request\" value=\"{}\"><input type=\"hidden\" name=\"csrf\" value=\"{}\">\n",
        escaped(&page.request),
        escaped(&page.csrf)
    )
}

/// Name and passphrase; after a wrong one with the reason.
pub(super) fn sign_in(asked: &Page, error: Option<&PageError>) -> String {
    let error = error.map(|error| format!("<p class=\"error\" role=\"alert\">{}</p>\n", escaped(&error.to_string())));
    page(
        "Sign in to Spectora (read-only)",
        &format!(
            "{}<p>An application wants to read your company's Spectora data for you.</p>\n<dl>\n{}</dl>\n\
             <form method=\"post\" action=\"/authorize/sign-in\">\n{}\
             <label for=\"name\">Your name</label>\
             <input id=\"name\" name=\"name\" autocomplete=\"username\" autocapitalize=\"none\" required autofocus>\n\
             <label for=\"passphrase\">Passphrase</label>\
             <input id=\"passphrase\" name=\"passphrase\" type=\"password\" autocomplete=\"current-password\" required>\n\
             <button type=\"submit\">Sign in</button>\n</form>\n\
             <p class=\"note\">Did you not just connect an assistant? Then close this page.</p>\n",
            error.unwrap_or_default(),
            who(&asked.asking),
            hidden(asked),
        ),
    )
}

/// What the application would be able to read.
pub(super) fn consent(asked: &Page, person: &str, given: &Given) -> String {
    let companies = if given.companies.is_empty() {
        "all companies of this server".to_owned()
    } else {
        given.companies.iter().map(|name| escaped(name.as_str())).collect::<Vec<_>>().join(", ")
    };
    let own = given.inspector.as_deref().map(|inspector| format!(", the work of {}", escaped(inspector)));
    page(
        "Let this application read?",
        &format!(
            "<dl>\n{}<dt>Signed in as</dt><dd>{}</dd>\n<dt>Companies</dt><dd>{companies}</dd>\n\
             <dt>Role</dt><dd>{}{}</dd>\n</dl>\n\
             <p>It will be able to ask what you may ask. It can change nothing in Spectora.</p>\n\
             <form method=\"post\" action=\"/authorize/consent\">\n{}\
             <button type=\"submit\" name=\"decision\" value=\"allow\">Allow</button>\
             <button type=\"submit\" name=\"decision\" value=\"deny\">Do not allow</button>\n</form>\n",
            who(&asked.asking),
            escaped(person),
            escaped(&given.role),
            own.unwrap_or_default(),
            hidden(asked),
        ),
    )
}

/// A document, as its text is.
pub(super) fn document(title: &str, text: &str) -> String {
    page(&escaped(title), &format!("<pre>{}</pre>\n", escaped(text)))
}

/// Why it does not go on.
pub(super) fn failure(error: &PageError) -> String {
    page("This did not work", &format!("<p class=\"error\" role=\"alert\">{}</p>\n", escaped(&error.to_string())))
}

/// The page with what browsers are told of it. A form may lead to this server and, by a redirect, to `redirect_origin`.
pub(super) fn answer(status: StatusCode, html: String, redirect_origin: Option<&str>) -> Response {
    let forms = redirect_origin.map_or_else(|| "'none'".to_owned(), |origin| format!("'self' {origin}"));
    let policy =
        format!("default-src 'none'; style-src 'self'; form-action {forms}; frame-ancestors 'none'; base-uri 'none'");
    let mut answer = (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response();
    let headers = answer.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    no_store(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strangers_wrote_is_text() {
        let asking = Asking {
            name: "<script>alert(1)</script>".to_owned(),
            host: None,
            unverified: true,
            returns_to: "\"><img>".to_owned(),
            redirect_origin: "https://claude.ai".to_owned(),
        };
        let asked = Page { request: "r\"".to_owned(), csrf: "c'".to_owned(), asking };
        let given = Given { role: "<owner>".to_owned(), companies: Vec::new(), inspector: Some("<b>".to_owned()) };
        for html in [sign_in(&asked, Some(&PageError::Request("<i>".to_owned()))), consent(&asked, "<u>", &given)] {
            for bad in ["<script", "<img", "<b>", "<u>", "<i>", "<owner", "\"r\"\"", "'c''"] {
                assert!(!html.contains(bad), "{bad}: {html}");
            }
            assert!(html.contains("unverified") && html.contains("&lt;script&gt;"), "{html}");
        }
    }
}
