//! Every setting of `spectora.toml` and every variable of the environment, with what it means: what the configuration
//! reference is made from. A test holds it to what the file's types take.

/// One setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettingReference {
    /// The setting.
    pub name: &'static str,
    /// What holds without it.
    pub default: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

const fn setting(name: &'static str, default: &'static str, meaning: &'static str) -> SettingReference {
    SettingReference { name, default, meaning }
}

/// All settings by the table they stand in (`NAME` is a name of one's own), in the order in which they are explained.
pub const SETTINGS: &[(&str, &[SettingReference])] = &[
    (
        "companies.NAME",
        &[
            setting(
                "api_key",
                "a file of the company's name in `keys.folder`",
                "Where the key is: `{ file = \"path\" }`, `{ env = \"VARIABLE\" }`, `{ keychain = \"name\" }` (macOS and Windows), `{ command = [\"program\", …] }` whose output is the key, or the key itself in quotes.",
            ),
            setting(
                "timezone",
                "this machine's, with a warning",
                "The time zone of the company's days and hours, such as `America/Denver`.",
            ),
            setting("display_name", "the name", "What people call the company."),
            setting(
                "requests_per_minute",
                "60",
                "The most requests to Spectora in any sixty seconds, over all programs that share the data folder.",
            ),
            setting(
                "monthly_budget",
                "no limit",
                "The most API calls of a calendar month. At 80 % there is a warning; at 95 % reading in the background stops.",
            ),
            setting(
                "max_staleness_minutes",
                "15",
                "A question first asks Spectora for what changed when the mirror is older than this.",
            ),
            setting(
                "sync_every_minutes",
                "60",
                "How often what changed is asked for without a question, while the program runs.",
            ),
            setting("history_days", "400", "How long changes are remembered, for \"what is new since\"."),
            setting(
                "client_details_months",
                "as long as Spectora has them",
                "How many months after an inspection its clients' names, contact details, notes and street are left out of the mirror and of all answers. The inspection itself stays: its time, price, services, ZIP and inspectors.",
            ),
            setting(
                "known_services",
                "none",
                "Services whose own names hold a comma, so that they are not taken for two.",
            ),
            setting("week_starts", "sunday", "The day on which weeks begin: `sunday` or `monday`."),
            setting(
                "same_names",
                "none",
                "A service or add-on in several spellings: the name it is counted under, and the others.",
            ),
            setting("not_add_ons", "none", "Discounts and fees entered as add-ons: they count in no attach rate."),
            setting("services_without_agents", "none", "Services that are ordered without a buying agent on purpose."),
        ],
    ),
    (
        "keys",
        &[setting(
            "folder",
            "none",
            "A folder with a file for each company that has no `api_key`, of the company's name.",
        )],
    ),
    (
        "mirror",
        &[
            setting(
                "enabled",
                "true",
                "Whether a local copy is kept. Without it questions ask Spectora, and what is worked out from history cannot be answered.",
            ),
            setting("folder", "the system's folder for data", "Where the local copy is. On this machine's own disk."),
        ],
    ),
    (
        "updates",
        &[setting(
            "address",
            "nobody is asked",
            "Where `version --check` and `doctor` ask for the newest version of this program: https, or http on this machine. It answers with JSON that has `tag_name` or `version`, and perhaps `html_url`, as GitHub does for the latest release.",
        )],
    ),
    (
        "api",
        &[
            setting("base_url", "https://connect.spectora.com", "Another address: https, or http on this machine."),
            setting(
                "changed_since_filter",
                "likely names are tried and proven",
                "The filter that finds what changed since an instant.",
            ),
            setting(
                "paths",
                "as Spectora's pages have them",
                "Where listings are, by kind: `contacts = \"/v2/contacts\"`.",
            ),
            setting(
                "attributes",
                "as expected",
                "By kind of record: what Spectora calls an attribute, and its unit. See \"Spectora's API\".",
            ),
            setting(
                "filters",
                "as expected",
                "By kind of record: what Spectora calls a filter, or `false` where it has none.",
            ),
            setting("paging", "as below", "How pages are asked for."),
            setting("envelope", "as below", "How documents are built."),
        ],
    ),
    (
        "api.paging",
        &[
            setting("first", "1", "The number of the first page: 1, or 0."),
            setting("number", "page[number]", "The parameter with the page's number."),
            setting("size", "page[size]", "The parameter with the rows to a page."),
            setting("size_max", "200", "The most rows to a page."),
        ],
    ),
    (
        "api.envelope",
        &[
            setting("data", "data", "Where the rows stand; `.` where the document is the rows."),
            setting("flat", "false", "Whether attributes stand in the row itself."),
            setting("pagination", "meta.pagination", "Where it is said how far a listing goes."),
            setting("current", "current", "What the number of the page is called there."),
            setting("next", "next", "What the next page is called there."),
            setting("last", "last", "What the last page is called there."),
            setting("records", "records", "What the count of all records is called there."),
        ],
    ),
    (
        "http",
        &[
            setting("way_in", "everybody on this machine, nobody else", "`login`, `tokens`, `issuer` or `open`."),
            setting("public_url", "none", "The address that clients use; MCP is at `/mcp` of it."),
            setting(
                "redirects",
                "those of known assistants",
                "More addresses that applications may send the browser back to.",
            ),
            setting("access_file", "access.db in the folder of the mirrors", "The file of people, tokens and logins."),
            setting("calls_per_minute", "300", "The most requests a minute of one person or token."),
            setting(
                "trusted_proxies",
                "none",
                "Proxies in front, by address or network. They are believed when they say where a request comes from.",
            ),
            setting("sessions", "false", "Whether clients of older revisions may open sessions."),
            setting("issuer", "none", "An identity provider whose tokens are taken."),
        ],
    ),
    (
        "http.issuer",
        &[
            setting("url", "needed", "Its issuer identifier, exactly as it writes it."),
            setting("audience", "public_url with /mcp", "Whom its tokens are for."),
            setting("role_claim", "spectora_role", "The claim with the role."),
            setting("companies_claim", "spectora_companies", "The claim with names of companies."),
            setting("inspector_claim", "spectora_inspector", "The claim with the inspector."),
            setting("all_companies", "false", "Whether a token that names no company sees all of them."),
        ],
    ),
    (
        "roles.NAME",
        &[
            setting("tools", "all", "The tools that are shown."),
            setting(
                "fields",
                "full",
                "How much of `contact`, `street`, `money` and `notes` is shown: `full`, `masked` or `off`.",
            ),
            setting("days", "all", "Which days are shown: `{ back = 400, ahead = 0 }`."),
            setting(
                "own_work_only",
                "false",
                "Whether only the work of one inspector is shown, who is named with the person, token or entry.",
            ),
        ],
    ),
];

/// The variables of the environment, with what each is for.
pub const VARIABLES: &[(&str, &str)] = &[
    ("SPECTORA_API_KEY", "A key. Alone it is all that is needed."),
    ("SPECTORA_COMPANY_NAME", "Whose key that is; without it the only company of the file, or `spectora`."),
    ("SPECTORA_TIMEZONE", "That company's time zone."),
    (
        "SPECTORA_API_KEY_2 to _9",
        "Keys of more companies, each with SPECTORA_COMPANY_NAME_2 and SPECTORA_TIMEZONE_2 and so on.",
    ),
    ("SPECTORA_CONFIG", "The settings file."),
    ("SPECTORA_DATA_DIR", "The folder of the local copies."),
    ("SPECTORA_BASE_URL", "Another address than Spectora's."),
    ("HTTPS_PROXY, ALL_PROXY, NO_PROXY", "The proxy of this network, and what goes without it."),
    ("SSL_CERT_FILE, SSL_CERT_DIR", "Certificate authorities other than the system's."),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "An OpenTelemetry collector, and its other standard variables."),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// The settings that the file's types take in a table, by what they say of an unknown one.
    fn taken(table: &str) -> BTreeSet<String> {
        let table = table.replace("NAME", "x");
        let needed = if table == "http.issuer" { "url = \"https://x.example.com\"\n" } else { "" };
        let text = format!("[{table}]\n{needed}no_such_setting = 1\n");
        expected(&text)
    }

    /// The names that stand in what the file's types say of an unknown one.
    fn expected(text: &str) -> BTreeSet<String> {
        let error = super::super::file::parse(text, Path::new("x.toml")).unwrap_err().to_string();
        let listed = error.split_once("expected ").unwrap_or_else(|| panic!("{text}: {error}")).1;
        listed.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn every_setting_is_explained_and_no_other() {
        for (table, settings) in SETTINGS {
            let explained: BTreeSet<String> = settings.iter().map(|one| one.name.to_owned()).collect();
            assert_eq!(explained, taken(table), "{table}");
            assert!(settings.iter().all(|one| !one.default.is_empty() && one.meaning.ends_with('.')), "{table}");
        }
        let roots = SETTINGS.iter().map(|(table, _)| table.split('.').next().unwrap().to_owned());
        assert_eq!(roots.collect::<BTreeSet<_>>(), expected("no_such_table = 1\n"));
    }
}
