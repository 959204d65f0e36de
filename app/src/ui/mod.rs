//! What repeats on pages, so that they read as structure and not as class lists.

pub mod chart;
pub mod copy;
pub mod icon;
pub mod session_over;

#[cfg(feature = "ssr")]
pub mod badge;
#[cfg(feature = "ssr")]
pub mod button;
#[cfg(feature = "ssr")]
pub mod field;
#[cfg(feature = "ssr")]
pub mod notice;
#[cfg(feature = "ssr")]
pub mod once;
#[cfg(feature = "ssr")]
pub mod pager;
#[cfg(feature = "ssr")]
pub mod panel;
#[cfg(feature = "ssr")]
pub mod secret;
#[cfg(feature = "ssr")]
pub mod table;
#[cfg(feature = "ssr")]
pub mod value;

#[cfg(feature = "ssr")]
pub use badge::Badge;
#[cfg(feature = "ssr")]
pub use button::{ButtonKind, LinkButton, PostButton, SubmitButton};
#[cfg(feature = "ssr")]
pub use field::TextField;
pub use icon::Icon;
#[cfg(feature = "ssr")]
pub use notice::Notice;
#[cfg(feature = "ssr")]
pub use once::{MARK, Once};
#[cfg(feature = "ssr")]
pub use pager::Pager;
#[cfg(feature = "ssr")]
pub use panel::{EmptyState, PageHeader, Panel};
#[cfg(feature = "ssr")]
pub use secret::ShownOnce;
pub use session_over::SessionOver;
#[cfg(feature = "ssr")]
pub use table::Table;
#[cfg(feature = "ssr")]
pub use value::{Amount, When};

/// How something stands. It colours; icon and word say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    #[default]
    Neutral,
    Info,
    Success,
    Warning,
    Error,
}

#[cfg(feature = "ssr")]
impl Tone {
    pub const fn icon(self) -> icondata::Icon {
        match self {
            Self::Neutral => icondata::LuCircleDashed,
            Self::Info => icondata::LuInfo,
            Self::Success => icondata::LuCircleCheck,
            Self::Warning => icondata::LuTriangleAlert,
            Self::Error => icondata::LuCircleX,
        }
    }
}
