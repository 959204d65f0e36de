//! Words around every chart.

pub const AS_TABLE: &str = "Figures as a table";
