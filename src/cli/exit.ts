/** Exit codes: 1 also means "findings" for `analyze`, as a linter would. */
export const EXIT = { ok: 0, failure: 1, findings: 1, usage: 2 } as const;
