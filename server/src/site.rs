//! The built browser files. Everything under /pkg carries a hash of its content in its name.

use std::path::Path;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header::CACHE_CONTROL};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use leptos::config::LeptosOptions;
use tower_http::services::ServeDir;

use crate::middleware::plain_text::MAX_PATH_BYTES;
use crate::state::AppState;

/// What the build calls the browser's files, before their hash.
const OUTPUT_NAME: &str = "portal";
pub const PKG: &str = "pkg";
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

pub fn leptos_options(site_root: &Path) -> LeptosOptions {
    let hashes = std::env::current_exe()
        .ok()
        .and_then(|exe| Some(exe.parent()?.join("hash.txt")));
    let hashed = hashes.as_ref().is_some_and(|file| file.exists());
    if !hashed {
        tracing::warn!("The browser files are not built: pages work without styles and scripts");
    }
    LeptosOptions::builder()
        .output_name(OUTPUT_NAME)
        .site_root(site_root.to_string_lossy().as_ref())
        .site_pkg_dir(PKG)
        .hash_files(hashed)
        .build()
}

pub fn routes(site_root: &Path) -> Router<AppState> {
    let files = ServeDir::new(site_root.join(PKG))
        .precompressed_br()
        .precompressed_gzip()
        .append_index_html_on_directories(false);
    Router::new()
        .nest_service("/pkg", files)
        .layer(from_fn(keep_for_ever))
}

/// A file that is missing now may be there after the next deployment.
async fn keep_for_ever(request: Request, next: Next) -> Response {
    if request.uri().path().len() > MAX_PATH_BYTES {
        return StatusCode::NOT_FOUND.into_response();
    }
    let mut response = next.run(request).await;
    if response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED {
        response.headers_mut().insert(CACHE_CONTROL, FOR_EVER);
    }
    response
}
