/** A verb of the line that a board may put off: asked again for as long as it says `later`, and no longer than that. */
import type { CborFields } from "../../../modules/wire/cbor-encode.ts";
import type { CborMap } from "../../../modules/wire/cbor-map.ts";
import type { LineVerbName } from "../../../modules/wire/line-verb.ts";
import type { VerbLine } from "../verbs.ts";
import { StepFault } from "./cause.ts";

const LATER_MS = 90_000;
const LATER_PAUSE_MS = 500;

/** Rejects with StepFault and SerialFault. */
export async function askPatiently(
	line: VerbLine,
	verb: LineVerbName,
	fields?: CborFields,
	pauseMs: number = LATER_PAUSE_MS,
): Promise<CborMap> {
	const deadline = performance.now() + LATER_MS;
	for (;;) {
		const answer = await line.call(verb, fields);
		if (answer.ok) return answer.value;
		const { reason } = answer;
		if (reason === "storage") throw new StepFault("storage", { transient: true, detail: verb });
		if (reason !== "later") throw new StepFault("board-refuses", { detail: `${verb}: ${reason}` });
		if (performance.now() > deadline) throw new StepFault("storage", { transient: true, detail: verb });
		await new Promise((resolve) => setTimeout(resolve, pauseMs));
	}
}
