// What the program is asked so that every view has an answer to draw.

const ASKED = {
  scorecard: ["inspector_scorecard", {}],
  "scorecard-full": ["inspector_scorecard", { detail: "full" }],
  top: ["agent_analysis", {}],
  dormant: ["agent_analysis", { mode: "dormant" }],
  rising: ["agent_analysis", { mode: "rising" }],
  new: ["agent_analysis", { mode: "new" }],
  mix: ["service_mix", {}],
  capacity: ["capacity_plan", {}],
  breakdown: [
    "breakdown",
    { by: ["inspector"], measures: ["booked", "performed", "cancellation_rate", "quoted_revenue"] },
  ],
  "breakdown-two": ["breakdown", { by: ["zip", "service"] }],
  quality: ["data_quality", {}],
  other: ["whats_new", {}],
};
/** What reports ask for besides. */
export const IN_REPORTS = {
  "scorecard-week": ["inspector_scorecard", { period: "last_week" }],
  "top-20": ["agent_analysis", { limit: 20 }],
  "dormant-20": ["agent_analysis", { mode: "dormant", limit: 20 }],
};

/** The answers to these and to what follows from them, by the names of their pictures. */
export async function answersOf(call, asked = ASKED) {
  const answers = {};
  const ask = async (name, tool, args) => (answers[name] = { tool, args, result: await call(tool, args) });
  for (const [name, [tool, args]] of Object.entries(asked)) await ask(name, tool, args);
  if (asked !== ASKED) return answers;
  const [{ company, agents }] = answers.top.result.structuredContent.companies;
  await ask("agent", "agent_analysis", { mode: "one", agent: agents[0].id, company });
  answers.map = answers.mix;
  const { _meta: _, ...withoutPlaces } = answers.mix.result;
  answers.mix = { ...answers.mix, result: withoutPlaces };
  // Tomorrow may be a Sunday on which nobody works.
  for (let ahead = 1, isBusy = false; !isBusy && ahead <= 11; ahead += 1) {
    const day = new Date(Date.now() + ahead * 86_400_000).toISOString().slice(0, 10);
    const { result } = await ask("briefing", "prep_briefing", { day, include: ["links"] });
    isBusy = result.structuredContent.companies.every(({ jobs_booked: jobs }) => jobs > 2);
  }
  return answers;
}
