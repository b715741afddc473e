//! The login's addresses: what clients discover, the pages a person sees, and where tokens are given.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, RawQuery, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Extension, Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tower_http::cors::{AllowHeaders, Any, CorsLayer};

use access::{Issuer, Login, Network, OAuthError, Page, PageError, SCOPE, SCOPE_OFFLINE, SESSION_SECONDS, SignedIn};

use super::gate::{Gate, no_store, unread};
use super::limits::{NetworkLimit, RETRY_AFTER};
use super::pages;
use crate::operations::Metrics;
use mcp::SpectoraServer;

/// The largest body of a form or a registration, in bytes.
const BODY_BYTES_MAX: usize = 16 * 1024;
/// How long the cookie of a request lasts, in seconds: as long as a page waits.
const REQUEST_SECONDS: i64 = 600;

/// The cookies of this server.
#[derive(Clone, Copy, Debug)]
enum Cookie {
    /// Ties a page to a browser.
    Request,
    /// A person who is signed in for this server's own pages.
    Session,
}

/// All of the login's addresses, at the root; who is not let in there is counted.
pub(super) fn routes(login: Arc<Login>, metrics: Arc<Metrics>) -> Router {
    let resource = get(protected_resource);
    let server = get(authorization_server);
    let registrations: Few = (Arc::new(NetworkLimit::of_registrations()), few_registrations);
    let open = Router::new()
        .route("/.well-known/oauth-protected-resource", resource.clone())
        .route("/.well-known/oauth-protected-resource/mcp", resource)
        .route("/.well-known/oauth-authorization-server", server.clone())
        .route("/.well-known/oauth-authorization-server/mcp", server.clone())
        .route("/.well-known/openid-configuration", server.clone())
        .route("/.well-known/openid-configuration/mcp", server.clone())
        .route("/mcp/.well-known/openid-configuration", server)
        // What clients look for besides, they learn at once is not there; a page too.
        .route("/.well-known/{*rest}", any(super::http::nothing_here))
        .route("/mcp/.well-known/{*rest}", any(super::http::nothing_here))
        .route("/register", post(register).layer(from_fn_with_state(registrations, held)))
        .route("/token", post(token))
        .route("/revoke", post(revoke))
        // These hold no cookie and nothing of anybody's: any page may use them, as web clients do.
        .layer(any_page());
    let requests: Few = (Arc::new(NetworkLimit::of_requests()), few_pages);
    let pages = from_fn_with_state(requests, held);
    Router::new()
        .route("/authorize", get(authorize).layer(pages.clone()))
        .route("/authorize/sign-in", post(sign_in).layer(Extension(metrics)).layer(pages))
        .route("/authorize/consent", post(consent))
        .route(
            "/authorize/style.css",
            get(async || ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], pages::STYLE)),
        )
        .layer(from_fn(refuse_other_sites))
        .merge(open)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(login)
}

/// Where clients log in elsewhere: they are told where that is, and nothing more is here.
pub(super) fn routes_elsewhere(login: Arc<Login>, issuer: &Issuer) -> Router {
    let document = Json(resource_of(&login, &issuer.settings().url));
    let resource = get(async move || document);
    Router::new()
        .route("/.well-known/oauth-protected-resource", resource.clone())
        .route("/.well-known/oauth-protected-resource/mcp", resource)
        .layer(any_page())
}

fn any_page() -> CorsLayer {
    // A star does not stand for `Authorization`, so what is asked for is named.
    CorsLayer::new().allow_origin(Any).allow_methods(Any).allow_headers(AllowHeaders::mirror_request())
}

/// The resource's metadata (RFC 9728).
fn resource_of(login: &Login, authorization_server: &str) -> Value {
    json!({
        "resource": login.settings().resource(),
        "authorization_servers": [authorization_server],
        "scopes_supported": [SCOPE],
        "bearer_methods_supported": ["header"],
        "resource_name": "Spectora (read-only)",
    })
}

/// The pages with documents, for whoever signs in at this browser: what `search` found can be looked at there.
#[derive(Clone)]
pub(super) struct OwnPages {
    pub(super) login: Arc<Login>,
    pub(super) gate: Arc<Gate>,
    pub(super) server: SpectoraServer,
}

pub(super) fn own_pages(pages: OwnPages) -> Router {
    let requests: Few = (Arc::new(NetworkLimit::of_requests()), few_pages);
    let open = get(open).layer(from_fn_with_state(requests, held));
    Router::new().route("/open", open).with_state(Arc::new(pages))
}

async fn open(State(own): State<Arc<OwnPages>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let query = query.unwrap_or_default();
    let id =
        url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "id").map(|(_, id)| id.into_owned());
    let Some(id) = id else { return refused("open", &PageError::Request("no document is named".to_owned())) };
    let session = cookie_in(&own.login, Cookie::Session, &headers);
    let verified = match session {
        Some(session) => own.login.verify_session(session).await,
        None => Ok(None),
    };
    let given = match verified {
        Ok(Some(verified)) => verified.given,
        Ok(None) => {
            let path = format!(
                "/open?{}",
                url::form_urlencoded::Serializer::new(String::new()).append_pair("id", &id).finish()
            );
            return match own.login.begin_for_page(&path, browser_of(&own.login, &headers)).await {
                Ok((page, browser)) => sign_in_page(&own.login, &page, &browser),
                Err(error) => refused("open", &error),
            };
        }
        Err(_) => return refused("open", &PageError::Unavailable),
    };
    let document = match own.gate.permissions(&given) {
        Ok(permissions) => own.server.document(permissions, &id).await.map_err(|failure| failure.to_string()),
        Err(why) => Err(why),
    };
    match document {
        Ok((title, text)) => pages::answer(StatusCode::OK, pages::document(&title, &text), None),
        Err(why) => pages::answer(StatusCode::NOT_FOUND, pages::document("This cannot be shown", &why), None),
    }
}

/// How much one network may ask of an address at which something is stored or worked out for whoever comes, and what is
/// answered to more.
type Few = (Arc<NetworkLimit>, fn() -> Response);

/// Lets through what [`Few`] says.
async fn held(
    State((limit, answer)): State<Few>,
    Extension(network): Extension<Network>,
    request: Request,
    next: Next,
) -> Response {
    if limit.takes(network) {
        return next.run(request).await;
    }
    let mut answer = answer();
    answer.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
    unread(request, answer).await
}

fn few_registrations() -> Response {
    let description = "too many clients register from this network; wait a minute".to_owned();
    oauth_error("register", &OAuthError { code: "slow_down", description })
}

fn few_pages() -> Response {
    refused("page", &PageError::TooMany)
}

/// A form sent by a page of another site is no form of ours. Browsers say where it came from; the value in the form and the
/// cookie hold without that too.
async fn refuse_other_sites(request: Request, next: Next) -> Response {
    let site = request.headers().get("sec-fetch-site").and_then(|value| value.to_str().ok());
    let is_form = request.method() == axum::http::Method::POST;
    if is_form && site.is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        tracing::warn!("login: a form of another site was refused");
        return page_error(StatusCode::FORBIDDEN, &PageError::Stale);
    }
    next.run(request).await
}

async fn protected_resource(State(login): State<Arc<Login>>) -> Json<Value> {
    tracing::info!("login: metadata of the resource");
    Json(resource_of(&login, &login.settings().public_url))
}

async fn authorization_server(State(login): State<Arc<Login>>) -> Json<Value> {
    let url = &login.settings().public_url;
    tracing::info!("login: metadata of the authorization server");
    Json(json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "registration_endpoint": format!("{url}/register"),
        "revocation_endpoint": format!("{url}/revoke"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none", "client_secret_post", "client_secret_basic"],
        "revocation_endpoint_auth_methods_supported": ["none", "client_secret_post", "client_secret_basic"],
        "client_id_metadata_document_supported": true,
        "authorization_response_iss_parameter_supported": true,
        "scopes_supported": [SCOPE, SCOPE_OFFLINE],
    }))
}

/// The cookie's name. With `__Host-` no other host can set it; that needs https, which a server on this machine has not.
fn cookie_name(login: &Login, cookie: Cookie) -> &'static str {
    match (cookie, login.settings().public_url.starts_with("https://")) {
        (Cookie::Request, true) => "__Host-spectora-login",
        (Cookie::Request, false) => "spectora-login",
        (Cookie::Session, true) => "__Host-spectora-session",
        (Cookie::Session, false) => "spectora-session",
    }
}

/// The header that gives a browser this cookie.
fn cookie_of(login: &Login, cookie: Cookie, value: &SecretString) -> Option<HeaderValue> {
    let name = cookie_name(login, cookie);
    let secure = if name.starts_with("__Host-") { "; Secure" } else { "" };
    let seconds = match cookie {
        Cookie::Request => REQUEST_SECONDS,
        Cookie::Session => SESSION_SECONDS,
    };
    let value = value.expose_secret();
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    let mut header = HeaderValue::from_str(&text).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// The page to sign in at, with the cookie that ties it to this browser.
fn sign_in_page(login: &Login, page: &Page, browser: &SecretString) -> Response {
    let mut answer = pages::answer(StatusCode::OK, pages::sign_in(page, None), Some(&page.asking.redirect_origin));
    if let Some(cookie) = cookie_of(login, Cookie::Request, browser) {
        answer.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    answer
}

fn browser_of(login: &Login, headers: &HeaderMap) -> Option<SecretString> {
    cookie_in(login, Cookie::Request, headers)
}

fn cookie_in(login: &Login, cookie: Cookie, headers: &HeaderMap) -> Option<SecretString> {
    let name = cookie_name(login, cookie);
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut ours = pairs.filter(|(given, value)| *given == name && !value.is_empty());
    ours.next().map(|(_, value)| SecretString::from(value))
}

fn page_error(status: StatusCode, error: &PageError) -> Response {
    pages::answer(status, pages::failure(error), None)
}

fn refused(step: &str, error: &PageError) -> Response {
    let status = match error {
        PageError::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        PageError::Locked(_) | PageError::TooMany => StatusCode::TOO_MANY_REQUESTS,
        PageError::Stale => StatusCode::FORBIDDEN,
        PageError::WrongPassphrase | PageError::Request(_) | PageError::Client(_) => StatusCode::BAD_REQUEST,
    };
    // The reason names no person, no secret and no address of the request.
    tracing::warn!(step, status = status.as_u16(), why = %error, "login: refused");
    page_error(status, error)
}

async fn authorize(State(login): State<Arc<Login>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let query: Vec<(String, String)> =
        url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    match login.begin(&query, browser_of(&login, &headers)).await {
        Ok((page, browser)) => {
            tracing::info!(by = page.asking.host.as_deref().unwrap_or("a registered client"), "login: asked");
            sign_in_page(&login, &page, &browser)
        }
        Err(error) => refused("authorize", &error),
    }
}

/// A form, each value once. `None` when it is none.
fn form_of(headers: &HeaderMap, body: &[u8]) -> Option<BTreeMap<String, String>> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    if !kind.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded") {
        return None;
    }
    let mut form = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(body).into_owned() {
        if form.insert(name, value.clone()).is_some_and(|before| before != value) {
            return None;
        }
    }
    Some(form)
}

fn no_form() -> PageError {
    PageError::Request("the form cannot be read".to_owned())
}

async fn sign_in(
    State(login): State<Arc<Login>>,
    Extension(metrics): Extension<Arc<Metrics>>,
    Extension(network): Extension<Network>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(form) = form_of(&headers, &body) else { return refused("sign-in", &no_form()) };
    match login.sign_in(&form, browser_of(&login, &headers).as_ref(), network).await {
        Ok(SignedIn::Consent { page, person, given }) => {
            tracing::info!("login: signed in");
            pages::answer(StatusCode::OK, pages::consent(&page, &person, &given), Some(&page.asking.redirect_origin))
        }
        Ok(SignedIn::Page { to, session }) => {
            tracing::info!("login: signed in for a page");
            let cookie = cookie_of(&login, Cookie::Session, &session);
            match (HeaderValue::from_str(&to), cookie) {
                (Ok(to), Some(cookie)) => {
                    let headers = [(header::LOCATION, to), (header::SET_COOKIE, cookie)];
                    no_store((StatusCode::SEE_OTHER, headers).into_response())
                }
                _ => refused("sign-in", &PageError::Stale),
            }
        }
        Ok(SignedIn::Again { page, error }) => {
            let locked = matches!(error, PageError::Locked(_));
            tracing::warn!(locked, "login: a wrong passphrase");
            let (status, reason) = if locked {
                (StatusCode::TOO_MANY_REQUESTS, "locked")
            } else {
                (StatusCode::UNAUTHORIZED, "bad_passphrase")
            };
            metrics.refused(reason);
            pages::answer(status, pages::sign_in(&page, Some(&error)), Some(&page.asking.redirect_origin))
        }
        Err(error) => refused("sign-in", &error),
    }
}

async fn consent(State(login): State<Arc<Login>>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(form) = form_of(&headers, &body) else { return refused("consent", &no_form()) };
    match login.decide(&form, browser_of(&login, &headers).as_ref()).await {
        Ok((to, grant)) => {
            tracing::info!(grant = grant.as_deref().unwrap_or("none"), "login: decided");
            match HeaderValue::from_str(&to) {
                Ok(to) => no_store((StatusCode::FOUND, [(header::LOCATION, to)]).into_response()),
                Err(_) => refused("consent", &PageError::Stale),
            }
        }
        Err(error) => refused("consent", &error),
    }
}

fn oauth_error(step: &str, error: &OAuthError) -> Response {
    tracing::warn!(step, error = error.code, why = error.description, "login: refused");
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let body = json!({"error": error.code, "error_description": error.description});
    let mut answer = (status, Json(body)).into_response();
    if status == StatusCode::UNAUTHORIZED {
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"token\""));
    }
    no_store(answer)
}

fn invalid_request(why: &str) -> OAuthError {
    OAuthError { code: "invalid_request", description: why.to_owned() }
}

/// The client's id and secret from the `Authorization` header (RFC 6749, 2.3.1).
fn basic_of(headers: &HeaderMap) -> Result<Option<(String, SecretString)>, OAuthError> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let invalid =
        || OAuthError { code: "invalid_client", description: "the Authorization header cannot be read".to_owned() };
    let (scheme, coded) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(invalid)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(invalid());
    }
    let decoded =
        STANDARD.decode(coded.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(invalid)?;
    let (id, secret) = decoded.split_once(':').ok_or_else(invalid)?;
    let plain = |text: &str| {
        url::form_urlencoded::parse(format!("x={text}").as_bytes()).next().map(|(_, value)| value.into_owned())
    };
    let (id, secret) = plain(id).zip(plain(secret)).ok_or_else(invalid)?;
    Ok(Some((id, SecretString::from(secret))))
}

async fn token(State(login): State<Arc<Login>>, headers: HeaderMap, body: Bytes) -> Response {
    let answer = async {
        let form = form_of(&headers, &body).ok_or_else(|| invalid_request("send a form, each value once"))?;
        login.token(form, basic_of(&headers)?).await
    };
    match answer.await {
        Ok(answer) => {
            tracing::info!("login: tokens given");
            no_store(
                Json(json!({
                    "access_token": answer.access_token.expose_secret(),
                    "token_type": "Bearer",
                    "expires_in": answer.expires_in,
                    "refresh_token": answer.refresh_token.expose_secret(),
                    "scope": answer.scope,
                }))
                .into_response(),
            )
        }
        Err(error) => oauth_error("token", &error),
    }
}

async fn register(State(login): State<Arc<Login>>, Extension(network): Extension<Network>, body: Bytes) -> Response {
    let metadata: Value = match serde_json::from_slice(&body) {
        Ok(metadata @ Value::Object(_)) => metadata,
        _ => return oauth_error("register", &invalid_request("send a JSON object")),
    };
    match login.register(metadata, network).await {
        Ok(answer) => {
            tracing::info!("login: a client registered");
            no_store((StatusCode::CREATED, Json(answer)).into_response())
        }
        Err(error) => oauth_error("register", &error),
    }
}

async fn revoke(State(login): State<Arc<Login>>, headers: HeaderMap, body: Bytes) -> Response {
    let answer = async {
        let form = form_of(&headers, &body).ok_or_else(|| invalid_request("send a form, each value once"))?;
        login.revoke(form, basic_of(&headers)?).await
    };
    match answer.await {
        Ok(()) => {
            tracing::info!("login: revoked");
            no_store(StatusCode::OK.into_response())
        }
        Err(error) => oauth_error("revoke", &error),
    }
}
