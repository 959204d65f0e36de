//! Makes a drawing fit for a page whose policy allows no style but its own sheet.
//!
//! What is not known to be plain drawing is left out: elements with all they hold, attributes one by one. A
//! style attribute becomes presentation attributes, which the policy does not concern and the sheet overrules.

use std::fmt::Write as _;

const ELEMENTS: [&str; 14] = [
    "svg", "g", "defs", "clipPath", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon",
    "text", "tspan", "title",
];

const ATTRIBUTES: [&str; 41] = [
    "id",
    "viewBox",
    "x",
    "y",
    "x1",
    "y1",
    "x2",
    "y2",
    "dx",
    "dy",
    "cx",
    "cy",
    "r",
    "rx",
    "ry",
    "d",
    "points",
    "width",
    "height",
    "transform",
    "fill",
    "fill-opacity",
    "fill-rule",
    "stroke",
    "stroke-width",
    "stroke-opacity",
    "stroke-linecap",
    "stroke-linejoin",
    "stroke-miterlimit",
    "stroke-dasharray",
    "stroke-dashoffset",
    "opacity",
    "clip-path",
    "clip-rule",
    "text-anchor",
    "dominant-baseline",
    "font-size",
    "font-weight",
    "font-style",
    "letter-spacing",
    "paint-order",
];

/// Only these may come from a style attribute; fonts are the page's.
const STYLES: [&str; 11] = [
    "fill",
    "fill-opacity",
    "stroke",
    "stroke-width",
    "stroke-opacity",
    "stroke-dasharray",
    "opacity",
    "font-size",
    "font-weight",
    "font-style",
    "letter-spacing",
];

/// Keeps a drawing's ids apart from those that a live chart beside it gives.
const ID_PREFIX: &str = "s-";

/// The drawing without anything but drawing, its root carrying `class`; none if it is not well-formed SVG.
pub fn clean(svg: &str, class: &str) -> Option<String> {
    let mut out = String::with_capacity(svg.len());
    let mut open: Vec<&str> = Vec::new();
    // Depth at which a refused element began; nothing is written until it ends.
    let mut refused: Option<usize> = None;
    let mut rest = svg;
    while let Some(start) = rest.find('<') {
        let text = &rest[..start];
        if refused.is_none() && !open.is_empty() {
            out.push_str(text.trim_matches('\n'));
        }
        let (piece, after) = next_piece(&rest[start..])?;
        rest = after;
        match piece {
            Piece::Skipped => {}
            Piece::End(name) => {
                if open.pop()? != name {
                    return None;
                }
                match refused {
                    Some(depth) if depth == open.len() => refused = None,
                    Some(_) => {}
                    None => write!(out, "</{name}>").ok()?,
                }
            }
            Piece::Start {
                name,
                attributes,
                closed,
            } => {
                if open.is_empty() && (name != "svg" || !out.is_empty()) {
                    return None;
                }
                if refused.is_none() && !ELEMENTS.contains(&name) {
                    refused = Some(open.len());
                }
                if refused.is_none() {
                    write!(out, "<{name}").ok()?;
                    let root = open.is_empty().then_some(class);
                    write_attributes(&mut out, attributes, root)?;
                    out.push_str(if closed { "/>" } else { ">" });
                }
                match (closed, refused) {
                    (false, _) => open.push(name),
                    (true, Some(depth)) if depth == open.len() => refused = None,
                    (true, _) => {}
                }
            }
        }
    }
    (open.is_empty() && !out.is_empty()).then_some(out)
}

enum Piece<'a> {
    Start {
        name: &'a str,
        attributes: &'a str,
        closed: bool,
    },
    End(&'a str),
    /// Comments, instructions, literal sections.
    Skipped,
}

/// The markup `text` begins with, and what follows it.
fn next_piece(text: &str) -> Option<(Piece<'_>, &str)> {
    for (opening, closing) in [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"), ("<!", ">")] {
        if let Some(inside) = text.strip_prefix(opening) {
            return Some((Piece::Skipped, inside.split_once(closing)?.1));
        }
    }
    if let Some(inside) = text.strip_prefix("</") {
        let (name, rest) = inside.split_once('>')?;
        return Some((Piece::End(name.trim_end()), rest));
    }
    let inside = text.strip_prefix('<')?;
    let end = end_of_tag(inside)?;
    let tag = inside[..end].strip_suffix('/').unwrap_or(&inside[..end]);
    let closed = inside[..end].ends_with('/');
    let name_end = tag.find(char::is_whitespace).unwrap_or(tag.len());
    let (name, attributes) = tag.split_at(name_end);
    Some((
        Piece::Start {
            name,
            attributes,
            closed,
        },
        &inside[end + 1..],
    ))
}

/// A `>` within quotes does not end a tag.
fn end_of_tag(inside: &str) -> Option<usize> {
    let mut quoted = false;
    inside.find(|c| {
        quoted ^= c == '"';
        c == '>' && !quoted
    })
}

fn write_attributes(out: &mut String, attributes: &str, root: Option<&str>) -> Option<()> {
    if let Some(class) = root {
        write!(out, " class=\"{class}\" aria-hidden=\"true\" focusable=\"false\"").ok()?;
    }
    let mut rest = attributes.trim();
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"")?;
        let (value, after) = after.split_once('"')?;
        rest = after.trim_start();
        match name {
            "style" => write_style(out, value)?,
            // The page says how large the drawing is.
            "width" | "height" if root.is_some() => {}
            "id" => write!(out, " id=\"{ID_PREFIX}{value}\"").ok()?,
            name if ATTRIBUTES.contains(&name) => write_attribute(out, name, value)?,
            _ => {}
        }
    }
    Some(())
}

fn write_style(out: &mut String, style: &str) -> Option<()> {
    let declarations = style
        .split(';')
        .filter_map(|declaration| declaration.split_once(':'));
    for (name, value) in declarations {
        let (name, value) = (name.trim(), value.trim());
        if STYLES.contains(&name) {
            write_attribute(out, name, value)?;
        }
    }
    Some(())
}

/// A reference only leads into the same drawing; anything else with an address in it is left out.
fn write_attribute(out: &mut String, name: &str, value: &str) -> Option<()> {
    if let Some(id) = value
        .strip_prefix("url(#")
        .and_then(|rest| rest.strip_suffix(')'))
    {
        return write!(out, " {name}=\"url(#{ID_PREFIX}{id})\"").ok();
    }
    if value.contains("url(") || value.contains('<') {
        return Some(());
    }
    write!(out, " {name}=\"{value}\"").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(inside: &str) -> Option<String> {
        let whole = clean(&format!("<svg viewBox=\"0 0 9 9\">{inside}</svg>"), "c")?;
        let head = "<svg class=\"c\" aria-hidden=\"true\" focusable=\"false\" viewBox=\"0 0 9 9\">";
        Some(whole.strip_prefix(head)?.strip_suffix("</svg>")?.to_owned())
    }

    #[test]
    fn a_style_attribute_becomes_presentation_attributes() {
        let text = "<text style=\"font-size:12px;font-family:&quot;A;B&quot;;fill:var(--ink);cursor:pointer\" \
                    x=\"1\">A &amp; B</text>";
        assert_eq!(
            cleaned(text).as_deref(),
            Some("<text font-size=\"12px\" fill=\"var(--ink)\" x=\"1\">A &amp; B</text>")
        );
    }

    #[test]
    fn style_elements_and_classes_are_dropped() {
        let styled =
            "<style ><![CDATA[\n.a:hover { fill: red }\n]]></style><path class=\"a\" d=\"M0 0\"></path>";
        assert_eq!(cleaned(styled).as_deref(), Some("<path d=\"M0 0\"></path>"));
    }

    #[test]
    fn nothing_but_drawing_gets_through() {
        for bad in [
            "<script>alert(1)</script>",
            "<foreignObject><div onclick=\"x()\">a</div></foreignObject>",
            "<a href=\"javascript:x()\"><text>a</text></a>",
            "<image href=\"https://evil.example/x.png\"/>",
            "<use href=\"#a\"/>",
            "<!-- <path d=\"M0 0\"/> -->",
            "<?xml-stylesheet href=\"x\"?>",
            "<style>a{}</style><script/>",
        ] {
            assert_eq!(cleaned(bad).as_deref(), Some(""), "{bad}");
        }
        let handlers = "<rect onload=\"x()\" href=\"y\" class=\"z\" pointer-events=\"visible\" width=\"1\"/>";
        assert_eq!(cleaned(handlers).as_deref(), Some("<rect width=\"1\"/>"));
        let addresses = "<rect fill=\"url(https://evil.example/#a)\" style=\"stroke:url(//x)\" x=\"1\"/>";
        assert_eq!(cleaned(addresses).as_deref(), Some("<rect x=\"1\"/>"));
    }

    #[test]
    fn ids_are_the_drawings_own() {
        let clipped = "<defs ><clipPath id=\"zr0-c0\"><path d=\"M0 0\"/></clipPath></defs>\
                       <g clip-path=\"url(#zr0-c0)\"></g>";
        assert_eq!(
            cleaned(clipped).as_deref(),
            Some(
                "<defs><clipPath id=\"s-zr0-c0\"><path d=\"M0 0\"/></clipPath></defs>\
                 <g clip-path=\"url(#s-zr0-c0)\"></g>"
            )
        );
    }

    #[test]
    fn the_pages_classes_give_the_size() {
        let svg = "<svg width=\"720\" height=\"260\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 260\">\n\
                   <rect width=\"720\" height=\"260\" fill=\"none\"></rect>\n</svg>";
        assert_eq!(
            clean(svg, "size-full").as_deref(),
            Some(
                "<svg class=\"size-full\" aria-hidden=\"true\" focusable=\"false\" viewBox=\"0 0 720 260\">\
                 <rect width=\"720\" height=\"260\" fill=\"none\"></rect></svg>"
            )
        );
    }

    #[test]
    fn what_is_not_well_formed_is_no_drawing() {
        for broken in [
            "",
            "text",
            "<p>a</p>",
            "<svg>",
            "<svg><g></svg>",
            "<svg></g></svg>",
            "<svg x=1></svg>",
            "<svg></svg><svg></svg>",
            "<svg><path d=\"M0 0></svg>",
            "<svg><!-- </svg>",
        ] {
            assert_eq!(clean(broken, "c"), None, "{broken}");
        }
    }

    #[test]
    fn a_mark_within_quotes_ends_no_tag() {
        assert_eq!(
            cleaned("<path d=\"M0>0\"/>").as_deref(),
            Some("<path d=\"M0>0\"/>")
        );
    }
}
