/** Requests, replies and notices (PROTOCOL 5.1, 5.2, 5.4): what a lock refuses and a phone ignores. */
import { encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import {
	decodeFromLock,
	decodeRequest,
	encodeNotice,
	encodeReply,
	encodeRequest,
} from "../../../modules/wire/session-message.ts";
import { check, type Suite } from "../../harness/test.ts";

const FIELDS = Object.freeze({ 0: 7, 1: 3, 2: 0, 3: -20 });

export default function suite(t: Suite): void {
	t.test("a request is read back as it was written, its act before or behind the anchor", () => {
		for (const stampMs of [-300000, -1, 0, 1, 300000]) {
			const bytes = encodeRequest({ id: 7, command: 3, anchor: 1, stampMs, args: { 0: 5 } });
			const request = check.accepted(decodeRequest(bytes));
			check.equal(request.id, 7);
			check.equal(request.command, 3);
			check.equal(request.anchor, 1);
			check.equal(request.stampMs, stampMs);
			check.equal(request.args.uint(0), 5);
		}
		check.equal(check.accepted(decodeRequest(encodeCbor(FIELDS))).args.size, 0);
	});

	t.test("a request with an unknown key, a missing one or one of a wrong type is refused (T15)", () => {
		check.accepted(decodeRequest(encodeCbor(FIELDS)));
		check.refused(decodeRequest(encodeCbor({ ...FIELDS, 5: 1 })), "malformed");
		check.refused(decodeRequest(encodeCbor({ ...FIELDS, 22: null })), "malformed");
		for (const key of [0, 1, 2, 3] as const) {
			check.refused(decodeRequest(encodeCbor({ ...FIELDS, [key]: undefined })), "malformed", `no ${key}`);
			check.refused(decodeRequest(encodeCbor({ ...FIELDS, [key]: "7" })), "malformed", `text as ${key}`);
		}
		for (const key of [0, 1, 2] as const) {
			check.refused(decodeRequest(encodeCbor({ ...FIELDS, [key]: -1 })), "malformed", `-1 as ${key}`);
		}
		check.refused(decodeRequest(encodeCbor({ ...FIELDS, 0: 4294967296 })), "malformed");
		check.refused(decodeRequest(encodeCbor({ ...FIELDS, 4: [1] })), "malformed");
	});

	t.test("a phone ignores keys that it does not know in replies and notices, and nothing else", () => {
		const reply = check.accepted(decodeFromLock(encodeCbor({ 0: 7, 1: 0, 2: { 0: 2, 9: 1 }, 22: "new" })));
		check.ok(reply.kind === "reply" && reply.reply.status === "done" && reply.reply.result.uint(0) === 2);
		const notice = check.accepted(decodeFromLock(encodeCbor({ 5: 1, 6: { 0: 2 }, 22: "new" })));
		check.ok(notice.kind === "notice" && notice.notice.data.uint(0) === 2);
		check.refused(decodeFromLock(encodeCbor({ 0: 7, 1: 11 })), "malformed");
		check.refused(decodeFromLock(encodeCbor({ 1: 0 })), "malformed");
		check.refused(decodeFromLock(encodeCbor({ 5: "1" })), "malformed");
	});

	t.test("no bytes make the decoders throw (I9)", ({ random }) => {
		const messages = [
			encodeRequest({ id: 7, command: 3, anchor: 1, stampMs: 5, args: { 0: [1, "a", null] } }),
			encodeReply(7, "stale", undefined),
			encodeNotice(1, { 0: 2 }),
		];
		for (let round = 0; round < 3000; round++) {
			const bytes = round % 3 === 0 ? random.bytes(random.below(60)) : random.mutate(random.pick(messages));
			decodeRequest(bytes);
			decodeFromLock(bytes);
		}
	});
}
