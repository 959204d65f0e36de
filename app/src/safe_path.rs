//! Addresses that come from outside and are led back to: only paths on this site.

/// The path if it stays on this site whatever base it is resolved against, by the rules of browsers: they read
/// a backslash as a slash and drop tabs and line breaks.
pub fn safe_path(path: &str) -> Option<&str> {
    let stays = path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    stays.then_some(path)
}

/// Path and query of an absolute address, whatever its host: following it can only lead to this site.
pub fn path_of(address: &str) -> Option<&str> {
    let rest = address.split_once("://").map(|(_, rest)| rest)?;
    let path = rest.find('/').map_or("/", |at| &rest[at..]);
    safe_path(path.split('#').next().unwrap_or("/"))
}

/// The path with one query parameter set; values are codes and need no escaping.
pub fn with_param(path: &str, name: &str, value: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut pairs: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.is_empty() && pair.split('=').next() != Some(name))
        .collect();
    let pair = format!("{name}={value}");
    pairs.push(&pair);
    format!("{path}?{}", pairs.join("&"))
}

/// The path without a query parameter.
pub fn without_param(path: &str, name: &str) -> String {
    let Some((path, query)) = path.split_once('?') else {
        return path.to_owned();
    };
    let pairs: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.is_empty() && pair.split('=').next() != Some(name))
        .collect();
    if pairs.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{}", pairs.join("&"))
    }
}

/// A value made fit for a query parameter.
pub fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => {
                escaped.push(char::from(byte))
            }
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_site_are_led_back_to() {
        for good in [
            "/",
            "/plan",
            "/plan/change?price=price_1&x=%2F",
            "/sign-in?next=/plan",
        ] {
            assert_eq!(safe_path(good), Some(good));
        }
        for bad in [
            "",
            "plan",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/plan\r\nSet-Cookie: a=b",
            "/plän",
            " /plan",
        ] {
            assert_eq!(safe_path(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_referring_address_gives_only_its_path() {
        assert_eq!(
            path_of("http://127.0.0.1:3000/plan?interval=year"),
            Some("/plan?interval=year")
        );
        assert_eq!(path_of("https://evil.example/overview#top"), Some("/overview"));
        assert_eq!(path_of("https://billing.example"), Some("/"));
        assert_eq!(path_of("https://billing.example//evil.example"), None);
        assert_eq!(path_of("/plan"), None);
    }

    #[test]
    fn a_parameter_replaces_itself() {
        assert_eq!(with_param("/plan", "error", "invalid"), "/plan?error=invalid");
        assert_eq!(
            with_param("/plan?a=1&error=old", "error", "new"),
            "/plan?a=1&error=new"
        );
        assert_eq!(without_param("/plan?done=x&a=1", "done"), "/plan?a=1");
        assert_eq!(without_param("/plan?done=x", "done"), "/plan");
        assert_eq!(
            escape("/plan/change?price=p&x=1"),
            "/plan/change%3Fprice%3Dp%26x%3D1"
        );
    }
}
