//! Which parts of which answer are shown, in which order, and with which picture.

/// How one tool's answer is laid out.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// The tool.
    pub tool: &'static str,
    /// The heading.
    pub title: &'static str,
    /// What is said of each company before the tables, by the names of fields.
    pub facts: &'static [&'static str],
    /// What is left to the answer itself: how the numbers were worked out, for whoever checks them.
    pub left: &'static [&'static str],
    /// The tables of each company, the main one first.
    pub tables: &'static [TableLayout],
    /// Tables that only a view in a chat has, where a reader opens what others read in a sentence.
    pub in_chat: &'static [TableLayout],
}

/// One table.
#[derive(Clone, Copy, Debug)]
pub struct TableLayout {
    /// The field with its rows.
    pub field: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// Its columns, the ones that matter most first: where there is no room, those at the end are left out. Columns that no
    /// row has are left out too, and fields that are not named here come after them in files.
    pub columns: &'static [&'static str],
    /// The columns that are left where there is room for little more than a headline; none leaves the table out.
    pub in_short: &'static [&'static str],
    /// Fields that are one row each and stand at the end, with what they are called.
    pub sums: &'static [(&'static str, &'static str)],
    /// The picture beside it.
    pub picture: Option<Picture>,
    /// The column by which rows are cards and not a table, where a person reads them one by one.
    pub cards_by: Option<&'static str>,
}

/// What a picture shows, by the names of fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picture {
    /// A bar for each row.
    Bars {
        /// What a row is called.
        label: &'static str,
        /// How long its bar is.
        value: &'static str,
    },
    /// A dot for each row's share, with how sure it is.
    Rates {
        /// What a row is called.
        label: &'static str,
        /// The share.
        rate: &'static str,
        /// A field of the company with the share of all, drawn as a line.
        beside: &'static str,
    },
    /// The weeks ahead: what is booked, the forecast, its ranges, and a busy week.
    Forecast,
    /// A dot for each ZIP code, as large as its number.
    Map {
        /// The ZIP code.
        label: &'static str,
        /// How large.
        value: &'static str,
    },
    /// When each agent sent work, and the silence now beside the usual gap.
    Rhythms,
}

impl Picture {
    /// The field that is drawn.
    pub fn value(self) -> &'static str {
        match self {
            Self::Bars { value, .. } | Self::Map { value, .. } => value,
            Self::Rates { rate, .. } => rate,
            Self::Forecast => "forecast",
            Self::Rhythms => "days_since",
        }
    }
}

const PLAIN: TableLayout =
    TableLayout { field: "", title: "", columns: &[], in_short: &[], sums: &[], picture: None, cards_by: None };

const NAMED_SHARES: &[&str] = &["name", "rate", "count", "of"];

/// Every worked-out answer.
pub const LAYOUTS: &[Layout] = &[
    Layout {
        tool: "inspector_scorecard",
        title: "Inspector scorecard",
        facts: &[],
        left: &[],
        tables: &[TableLayout {
            field: "inspectors",
            title: "Inspectors",
            columns: &[
                "inspector",
                "volume",
                "volume_before",
                "quoted_revenue",
                "attach",
                "cancellation",
                "hours",
                "assists",
                "booked",
                "revenue_per_inspection",
                "revenue_per_hour",
                "repeat_agents",
                "hours_to_publish",
                "days_worked",
                "per_working_day",
                "weekend",
                "add_ons",
                "cancel_reasons",
                "without_quote",
            ],
            sums: &[("whole_company", "Whole company"), ("median_inspector", "Middle inspector")],
            picture: Some(Picture::Rates { label: "inspector", rate: "attach", beside: "whole_company" }),
            in_short: &["inspector", "volume", "attach"],
            ..PLAIN
        }],
        in_chat: &[],
    },
    Layout {
        tool: "agent_analysis",
        title: "Agents",
        facts: &[
            "found",
            "quoted_revenue",
            "revenue_share_of_top_1",
            "revenue_share_of_top_5",
            "revenue_share_of_top_10",
            "performed_without_agent",
        ],
        left: &["statistics_disagree", "leaves_with_the_top_agent", "rule", "tried"],
        tables: &[
            TableLayout {
                field: "agents",
                title: "Agents",
                columns: &[
                    "agent",
                    "agency",
                    "at_stake_a_year",
                    "quoted_revenue",
                    "referrals",
                    "referrals_before",
                    "last_90_days",
                    "expected_last_90_days",
                    "last",
                    "days_since",
                    "usual_gap_days",
                    "chance_of_such_silence",
                    "attach",
                    "revenue_share",
                    "course",
                    "performed",
                    "canceled",
                    "selling_side",
                ],
                picture: Some(Picture::Rhythms),
                in_short: &["agent", "at_stake_a_year", "days_since"],
                ..PLAIN
            },
            TableLayout {
                field: "last_inspections",
                title: "Last inspections",
                columns: &["date", "status", "services"],
                ..PLAIN
            },
        ],
        in_chat: &[TableLayout {
            field: "by_year",
            title: "By year",
            columns: &["year", "performed", "canceled"],
            picture: Some(Picture::Bars { label: "year", value: "performed" }),
            ..PLAIN
        }],
    },
    Layout {
        tool: "service_mix",
        title: "Service mix",
        facts: &["volume", "volume_before", "attach", "attach_before", "services", "add_ons"],
        left: &["groups_tested", "marked_by_chance_about"],
        tables: &[
            TableLayout {
                field: "groups",
                title: "By ZIP",
                columns: &[
                    "group",
                    "volume",
                    "volume_before",
                    "attach",
                    "attach_before",
                    "quoted_revenue",
                    "add_ons",
                    "services",
                    "below_norm",
                ],
                picture: Some(Picture::Map { label: "group", value: "volume" }),
                ..PLAIN
            },
            TableLayout {
                field: "growing",
                title: "Growing",
                columns: &["name", "volume", "volume_before", "change", "strong"],
                ..PLAIN
            },
            TableLayout {
                field: "shrinking",
                title: "Shrinking",
                columns: &["name", "volume", "volume_before", "change", "strong"],
                ..PLAIN
            },
        ],
        in_chat: &[
            TableLayout {
                field: "services",
                title: "Services",
                columns: NAMED_SHARES,
                picture: Some(Picture::Bars { label: "name", value: "rate" }),
                ..PLAIN
            },
            TableLayout {
                field: "add_ons",
                title: "Add-ons",
                columns: NAMED_SHARES,
                picture: Some(Picture::Bars { label: "name", value: "rate" }),
                ..PLAIN
            },
        ],
    },
    Layout {
        tool: "prep_briefing",
        title: "Briefing",
        facts: &["jobs_booked", "hours", "canceled"],
        left: &[],
        tables: &[
            TableLayout {
                field: "jobs",
                title: "Jobs",
                columns: &[
                    "time",
                    "inspectors",
                    "address",
                    "services",
                    "hours",
                    "clients",
                    "agent",
                    "agent_background",
                    "attachments",
                ],
                cards_by: Some("inspectors"),
                in_short: &["time", "inspectors", "address"],
                ..PLAIN
            },
            TableLayout {
                field: "inspectors",
                title: "Inspectors",
                columns: &["inspector", "jobs", "hours", "begins", "ends"],
                ..PLAIN
            },
        ],
        in_chat: &[],
    },
    Layout {
        tool: "capacity_plan",
        title: "The weeks ahead",
        facts: &["median_week", "busy_week", "model", "error_per_week", "weeks_of_history"],
        left: &["naive_error_per_week", "back_test_starts", "busy_week_hours"],
        tables: &[
            TableLayout {
                field: "weeks",
                title: "Weeks",
                columns: &[
                    "week_of",
                    "booked",
                    "forecast",
                    "range_80",
                    "range_95",
                    "usually_booked_by_now",
                    "by_bookings",
                    "hours",
                    "chance_above_busy_week",
                    "chance_idle",
                    "short",
                    "idle",
                    "holiday",
                ],
                picture: Some(Picture::Forecast),
                in_short: &["week_of", "booked", "range_80"],
                ..PLAIN
            },
            TableLayout {
                field: "inspectors",
                title: "Inspectors",
                columns: &[
                    "inspector",
                    "utilization",
                    "booked_next_week",
                    "booked_week_after",
                    "usual_week",
                    "hours_a_week",
                    "busy_hours_a_week",
                ],
                picture: Some(Picture::Rates { label: "inspector", rate: "utilization", beside: "" }),
                ..PLAIN
            },
        ],
        in_chat: &[],
    },
    Layout {
        tool: "whats_new",
        title: "What changed",
        facts: &[],
        left: &[],
        tables: &[TableLayout {
            field: "items",
            title: "Changes",
            columns: &[
                "at",
                "what",
                "starts_at",
                "clients",
                "inspectors",
                "buying_agent",
                "cancel_reason",
                "before",
                "after",
            ],
            ..PLAIN
        }],
        in_chat: &[],
    },
    Layout {
        tool: "data_quality",
        title: "Data quality",
        facts: &[],
        left: &[],
        tables: &[TableLayout {
            field: "findings",
            title: "Findings",
            columns: &["what", "count", "of", "distorts", "examples"],
            ..PLAIN
        }],
        in_chat: &[],
    },
    Layout {
        tool: "breakdown",
        title: "Breakdown",
        facts: &[],
        left: &[],
        tables: &[
            TableLayout { field: "rows", title: "Rows", ..PLAIN },
            TableLayout { field: "companies", title: "Companies", ..PLAIN },
        ],
        in_chat: &[],
    },
    Layout {
        tool: "explain",
        title: "The inspections behind a number",
        facts: &[],
        left: &[],
        tables: &[TableLayout {
            field: "items",
            title: "Inspections",
            columns: &["starts_at", "inspector", "buying_agent", "zip", "quote", "canceled"],
            ..PLAIN
        }],
        in_chat: &[],
    },
];

/// The layout of a tool's answer.
pub fn layout_of(tool: &str) -> Option<&'static Layout> {
    LAYOUTS.iter().find(|layout| layout.tool == tool)
}
