/** Why a lock refused a release, or how its update ended, in plain words (modules/wire/update-report). */
import type { UpdateResult } from "../../modules/wire/update-report.ts";

const TEXTS: Readonly<Record<UpdateResult, string>> = Object.freeze({
	none: "it does not say why",
	installed: "it was installed",
	malformed: "it is no manifest that this lock reads",
	untrusted:
		"the lock's trust does not stand for it: signatures are missing, do not hold, or are by other keys",
	"trust-expired": "the lock's trust bundle has expired: bring a newer one first",
	"trust-older": "it needs a newer trust bundle than the lock has: bring that first",
	foreign: "it is for another vendor, hardware class or board",
	"rollback-security": "its security version is below what the lock has run",
	"rollback-sequence": "it is not newer than what the lock runs or has run",
	"fast-forward": "its numbers are too far ahead of what the lock has run",
	"not-fresh": "no freshness statement for this very release holds now",
	"too-large": "it does not fit the slot",
	parked:
		"it was reverted too often and is parked, until a newer one comes or an owner lets it be tried again",
	storage: "the lock's records are full or its flash refuses",
	"no-slots": "this machine cannot be updated",
	"chunk-digest": "what was sent is not what the manifest promises",
	"object-digest": "what was sent is not what the manifest promises",
	patch: "the delta did not decode, or gave another image",
	"slot-io": "the flash of the slot does not take what is written",
	"too-often": "the lock has written as much flash for updates as it may in a day",
	"slot-digest": "what was read back from flash is not the image",
	"trial-crashed": "on trial it ended without a word: a crash, a hang or a power cut",
	"trial-storage": "on trial it could not read and write its records",
	"trial-bolt": "on trial it could not read the bolt's position",
	"trial-unreachable": "on trial it reached neither a relay nor a phone, where there was one before",
	"trial-wrong-image": "on trial it said that it is another release than its manifest",
	"trial-late": "on trial it did not pass its self-test in time",
});

export function resultText(result: UpdateResult): string {
	return TEXTS[result];
}

/** The trial's own ends: the old image runs again. */
export function isRevert(result: UpdateResult): boolean {
	return result.startsWith("trial-");
}
