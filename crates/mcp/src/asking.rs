//! Who asks, and what that leaves of the server: settled once for each request, before anything is answered.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use rmcp::model::{CacheScope, ErrorData, Extensions};

use super::{SpectoraServer, Tool, ToolChoice, ToolFailure, tools};
use answers::Companies;
use domain::{Caller, CompanyName, Permissions};

/// The most lists of tools that are kept; with more, all are made anew.
const LISTS_MAX: usize = 64;

/// Which tools and companies may be asked for: what a list of tools depends on.
type ListKey = (Option<BTreeSet<String>>, Option<BTreeSet<CompanyName>>);

/// What a request is answered from.
pub(super) struct Asking {
    /// Their name, where it is known.
    pub(super) caller: Option<Arc<Caller>>,
    /// What the caller may see.
    pub(super) permissions: Arc<Permissions>,
    /// The tools they may call, with the companies they may ask about.
    pub(super) tools: Arc<Vec<Tool>>,
}

impl Asking {
    /// Who may keep a list: what is made for one caller is nobody else's. `None` where all are shown the same.
    pub(super) fn cache_scope(&self) -> Option<CacheScope> {
        (!self.permissions.is_everything()).then_some(CacheScope::Private)
    }
}

/// The tools as they are shown to each kind of caller.
pub(super) struct ShownTools {
    names: Arc<[CompanyName]>,
    choice: ToolChoice,
    all: Arc<Vec<Tool>>,
    lists: Mutex<HashMap<ListKey, Arc<Vec<Tool>>>>,
}

impl ShownTools {
    pub(super) fn new(names: Arc<[CompanyName]>, choice: &ToolChoice) -> Self {
        Self::of(tools::all(&names), names, choice)
    }

    /// These tools, of which `choice` says which are shown.
    pub(super) fn of(all: Vec<Tool>, names: Arc<[CompanyName]>, choice: &ToolChoice) -> Self {
        let all = Arc::new(chosen(all, choice));
        Self { names, choice: choice.clone(), all, lists: Mutex::default() }
    }

    /// Those shown to whoever may see everything.
    pub(super) fn all(&self) -> &Arc<Vec<Tool>> {
        &self.all
    }

    /// Those shown to whoever has these permissions.
    pub(super) fn seen_by(&self, permissions: &Permissions) -> Arc<Vec<Tool>> {
        if permissions.tools.is_none() && permissions.companies.is_none() {
            return Arc::clone(&self.all);
        }
        let key = (permissions.tools.clone(), permissions.companies.clone());
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lists.get(&key) {
            return Arc::clone(known);
        }
        let names = self.names.iter().filter(|name| permissions.allows_company(name)).cloned().collect::<Vec<_>>();
        let mut seen = chosen(tools::all(&names), &self.choice);
        seen.retain(|tool| permissions.allows_tool(&tool.declaration.name));
        let seen = Arc::new(seen);
        if LISTS_MAX <= lists.len() {
            lists.clear();
        }
        lists.insert(key, Arc::clone(&seen));
        seen
    }
}

/// Those of `tools` that are shown, by name.
fn chosen(mut tools: Vec<Tool>, choice: &ToolChoice) -> Vec<Tool> {
    tools.retain(|tool| choice.shows(&tool.declaration.name));
    tools.sort_by(|left, right| left.declaration.name.cmp(&right.declaration.name));
    tools
}

/// The tool of this name.
pub(super) fn find<'a>(tools: &'a [Tool], name: &str) -> Option<&'a Tool> {
    tools.iter().find(|tool| tool.declaration.name == name)
}

impl SpectoraServer {
    /// The tools for the companies there are now.
    pub(super) fn shown(&self) -> Arc<ShownTools> {
        let names = self.source.names();
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.names != names {
            *shown = Arc::new(ShownTools::new(names, &shown.choice));
        }
        Arc::clone(&shown)
    }

    /// Who asks, as the HTTP request says or as the server was told when it started. A request that does not say is
    /// refused where it must.
    pub(super) fn asking(&self, extensions: &Extensions) -> Result<Asking, ErrorData> {
        let of_request =
            extensions.get::<http::request::Parts>().and_then(|parts| parts.extensions.get::<Arc<Caller>>());
        let caller = of_request.or(self.caller.as_ref().filter(|_| !self.requires_caller));
        let permissions = match caller {
            Some(caller) => Arc::clone(&caller.permissions),
            None if self.requires_caller => {
                return Err(ErrorData::invalid_request("this server answers only whoever is logged in", None));
            }
            None => Arc::default(),
        };
        let tools = self.shown().seen_by(&permissions);
        Ok(Asking { caller: caller.cloned(), permissions, tools })
    }

    /// The companies as the caller may see them.
    pub(super) async fn companies(&self, asking: &Asking) -> Result<Arc<Companies>, ToolFailure> {
        let permissions = &asking.permissions;
        let opened = self.source.companies().await;
        if permissions.is_everything() {
            return opened;
        }
        // What is wrong with the configuration may be about a company that does not exist for the caller.
        let all = opened.map_err(|failure| match &permissions.companies {
            Some(_) => ToolFailure::new(
                "spectora-mcp cannot be used as it is set up",
                "tell whoever runs it; `spectora-mcp doctor` on that machine says what is wrong",
            ),
            None => failure,
        })?;
        let seen = all.seen_by(permissions);
        if seen.all.is_empty() && !all.all.is_empty() {
            return Err(ToolFailure::new("there is no company that you may ask about", "ask whoever gave you access"));
        }
        Ok(Arc::new(seen))
    }
}
