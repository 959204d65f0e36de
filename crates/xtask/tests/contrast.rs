//! The themes' colours, judged by WCAG 2.2: text reaches 4.5:1 on everything it stands on, in light and in dark.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its input should stop there"
)]

use std::collections::HashMap;

const ENOUGH: f64 = 4.5;
/// Colours that text takes on the page's own surfaces.
const TEXT: [&str; 8] = [
    "base-content",
    "primary",
    "secondary",
    "info",
    "success",
    "warning",
    "error",
    "muted",
];
const SURFACES: [&str; 2] = ["base-100", "base-200"];
/// Fills with a text colour of their own.
const FILLS: [&str; 8] = [
    "primary",
    "secondary",
    "accent",
    "neutral",
    "info",
    "success",
    "warning",
    "error",
];
/// daisyUI's soft badges and alerts: their colour as text on 8 % of itself over base-100.
const SOFT: [&str; 5] = ["primary", "info", "success", "warning", "error"];
const SOFT_SHARE: f64 = 0.08;

/// Lightness, a and b of Oklab.
#[derive(Clone, Copy)]
struct Oklab(f64, f64, f64);

type Theme = HashMap<String, Oklab>;

#[test]
fn text_on_surfaces_reaches_aa() {
    for (name, theme) in themes() {
        for surface in SURFACES {
            for text in TEXT {
                assert_contrast(&name, text, theme[text], surface, theme[surface]);
            }
        }
    }
}

#[test]
fn text_on_fills_reaches_aa() {
    for (name, theme) in themes() {
        for fill in FILLS {
            let text = format!("{fill}-content");
            assert_contrast(&name, &text, theme[&text], fill, theme[fill]);
        }
    }
}

#[test]
fn text_on_its_own_soft_fill_reaches_aa() {
    for (name, theme) in themes() {
        for colour in SOFT {
            let soft = mix(theme[colour], theme["base-100"], SOFT_SHARE);
            assert_contrast(&name, colour, theme[colour], "its soft fill", soft);
        }
    }
}

fn assert_contrast(theme: &str, text: &str, foreground: Oklab, surface: &str, background: Oklab) {
    let contrast = contrast(foreground, background);
    assert!(
        contrast >= ENOUGH,
        "{theme}: {text} on {surface} has {contrast:.2}:1"
    );
}

fn themes() -> Vec<(String, Theme)> {
    let css = include_str!("../../../style/themes.css");
    let themes: Vec<_> = css.split("@plugin").skip(1).map(theme).collect();
    assert_eq!(themes.len(), 2, "a light and a dark theme");
    themes
}

fn theme(block: &str) -> (String, Theme) {
    let name = block.split('"').nth(3).unwrap().to_owned();
    let colours = block.lines().filter_map(|line| {
        let (name, value) = line.trim().strip_prefix("--color-")?.split_once(": oklch(")?;
        let mut parts = value
            .trim_end_matches(");")
            .split([' ', '%'])
            .filter(|part| !part.is_empty());
        let mut next = || parts.next().unwrap().parse::<f64>().unwrap();
        let (lightness, chroma, hue) = (next() / 100.0, next(), next().to_radians());
        Some((
            name.to_owned(),
            Oklab(lightness, chroma * hue.cos(), chroma * hue.sin()),
        ))
    });
    (name, colours.collect())
}

fn mix(Oklab(l1, a1, b1): Oklab, Oklab(l2, a2, b2): Oklab, share: f64) -> Oklab {
    let blend = |x: f64, y: f64| x * share + y * (1.0 - share);
    Oklab(blend(l1, l2), blend(a1, a2), blend(b1, b2))
}

fn contrast(one: Oklab, other: Oklab) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// WCAG's relative luminance, by way of linear sRGB, clipped as a browser clips.
fn luminance(Oklab(lightness, a, b): Oklab) -> f64 {
    let l = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
    let m = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
    let s = (lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b).powi(3);
    let red = 4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s;
    let green = -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s;
    let blue = -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s;
    0.2126 * red.clamp(0.0, 1.0) + 0.7152 * green.clamp(0.0, 1.0) + 0.0722 * blue.clamp(0.0, 1.0)
}
