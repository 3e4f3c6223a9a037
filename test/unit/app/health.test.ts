/** What a lock remembers of its own troubles (PROTOCOL 12), and who may read it. */
import { Health } from "../../../modules/app/health.ts";
import { toHex } from "../../../modules/base/bytes.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import { encodeUtf8 } from "../../../modules/base/utf8.ts";
import { LINK_FAILURES } from "../../../modules/link/link-failure.ts";
import type { TestCrypto } from "../../../modules/platform/crypto.ts";
import type { ResetReason } from "../../../modules/platform/system.ts";
import { Store } from "../../../modules/store/store.ts";
import { encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import { HEALTH_COUNT_MAX, LINK_FAILURE_MAX } from "../../../modules/wire/report.ts";
import { check, type Suite } from "../../harness/test.ts";
import { SimBoard } from "../../sim/board.ts";

const REASONS: readonly ResetReason[] = [
	"power-on",
	"requested",
	"memory",
	"stack",
	"exception",
	"rejection",
	"watchdog",
	"unknown",
];

function boot(board: SimBoard, reason?: ResetReason): Health {
	const platform = board.boot(reason);
	const health = new Health(new Store(platform.storage), platform.clock, platform.system);
	health.begin();
	return health;
}

function writes(board: SimBoard): number {
	return board.storage.mutations().filter(({ domain, name }) => domain === "app" && name === "health").length;
}

function newBoard(crypto: TestCrypto): SimBoard {
	return new SimBoard({ crypto });
}

export default function suite(t: Suite): void {
	t.test("the last eight of twelve boots are kept in order, with their reasons", ({ crypto }) => {
		const board = newBoard(crypto);
		let health = boot(board, "power-on");
		for (let count = 2; count <= 12; count++) health = boot(board, REASONS[count % REASONS.length]!);
		const { boots, resets } = health.figures();
		check.equal(boots, 12);
		check.deepEqual(
			resets,
			[5, 6, 7, 8, 9, 10, 11, 12].map((count) => ({ boot: count, reason: REASONS[count % REASONS.length]! })),
		);
	});

	t.test(
		"the stack of the last fault stays until the next fault, and the host forgets it once it is on record",
		({ crypto }) => {
			const board = newBoard(crypto);
			boot(board);
			board.crash("exception", "third (main:3) < run (main:9)");
			check.equal(boot(board).figures().stack, "third (main:3) < run (main:9)");
			check.equal(boot(board, "requested").figures().stack, "third (main:3) < run (main:9)");
			check.equal(boot(board, "power-on").figures().stack, "third (main:3) < run (main:9)");
			board.crash("memory");
			check.equal(boot(board).figures().stack, undefined, "the last fault left no stack");
		},
	);

	t.test("a power cut before the record is written leaves the fault with the host (T12)", ({ crypto }) => {
		const board = newBoard(crypto);
		boot(board);
		board.crash("exception", "third < run");
		board.storage.cutAfter(0, false);
		board.run(() => void boot(board));
		check.ok(!board.running);
		check.equal(boot(board).figures().stack, "third < run");
		check.deepEqual(
			boot(board)
				.figures()
				.resets.map(({ reason }) => reason),
			["power-on", "power-on", "power-on"],
		);
	});

	t.test("a stack is bounded and plain, whatever the host says (I8)", ({ crypto }) => {
		const board = newBoard(crypto);
		boot(board);
		board.crash("exception", `é\n${"x".repeat(1000)}`);
		const { stack } = boot(board).figures();
		check.equal(stack, `??${"x".repeat(LIMITS.healthStackBytes - 2)}`);
	});

	t.test("the least free heap outlives every reboot but a power-on", ({ crypto }) => {
		const board = newBoard(crypto);
		board.freeBytes = 5000;
		const health = boot(board);
		board.freeBytes = 3000;
		board.time.advance(LIMITS.healthMeasureMs);
		health.measure();
		board.freeBytes = 4000;
		check.equal(health.figures().leastFreeBytes, 3000);
		board.time.advance(LIMITS.healthWriteMs);
		check.equal(boot(board, "memory").figures().leastFreeBytes, 3000);
		check.equal(boot(board, "power-on").figures().leastFreeBytes, 4000);
	});

	t.test("failures of the link are counted by reason, survive, and end where they end (I8)", ({ crypto }) => {
		const board = newBoard(crypto);
		const health = boot(board);
		for (let count = 0; count < 3; count++) health.recordLinkFailure(LINK_FAILURES.connect);
		health.recordLinkFailure(LINK_FAILURES.expired);
		for (const wrong of [-1, LINK_FAILURE_MAX + 1, 0.5, Number.NaN]) health.recordLinkFailure(wrong);
		health.recordTimeSource("owner");
		health.recordTimeSource("none");
		health.flush();
		const { linkFailures, lastTimeSource } = boot(board, "requested").figures();
		check.deepEqual(
			[...linkFailures],
			[
				[LINK_FAILURES.connect, 3],
				[LINK_FAILURES.expired, 1],
			],
		);
		check.equal(lastTimeSource, "owner");
		const full = boot(board);
		for (let reason = 0; reason <= LINK_FAILURE_MAX; reason++) full.recordLinkFailure(reason);
		check.equal(full.figures().linkFailures.size, LIMITS.healthFailureReasons);
	});

	t.test("a counter that is full stays full (I8)", ({ crypto }) => {
		const board = newBoard(crypto);
		board.storage.write(
			"app",
			"health",
			encodeCbor({ 0: 1, 1: HEALTH_COUNT_MAX, 2: [], 5: [[2, HEALTH_COUNT_MAX]], 6: 0 }),
		);
		const health = boot(board);
		health.recordLinkFailure(2);
		const { boots, linkFailures } = health.figures();
		check.equal(boots, HEALTH_COUNT_MAX);
		check.equal(linkFailures.get(2), HEALTH_COUNT_MAX);
	});

	t.test(
		"it is written at boot, then once an hour at most, and before a reboot that is asked for (T16)",
		({ crypto }) => {
			const board = newBoard(crypto);
			const health = boot(board);
			check.equal(writes(board), 1);
			for (let minute = 0; minute < 600; minute++) {
				health.recordLinkFailure(LINK_FAILURES.reset);
				board.time.advance(60_000);
			}
			check.equal(writes(board), 11);
			board.time.advance(100 * LIMITS.healthWriteMs);
			check.equal(writes(board), 11, "nothing changed");
			health.flush();
			check.equal(writes(board), 11);
			health.recordLinkFailure(LINK_FAILURES.reset);
			health.flush();
			check.equal(writes(board), 12);
			check.equal(boot(board, "requested").figures().linkFailures.get(LINK_FAILURES.reset), 601);
		},
	);

	t.test(
		"a newer or unreadable record is left alone and said; a corrupt one begins anew (T12, I7)",
		({ crypto }) => {
			const board = newBoard(crypto);
			const newer = encodeCbor({ 0: 2, 1: "another world" });
			board.storage.write("app", "health", newer);
			const first = boot(board);
			check.equal(first.fault, "newer-format");
			first.recordLinkFailure(2);
			first.flush();
			check.equal(first.figures().boots, 1);
			check.bytes(board.storage.peek("app", "health"), newer);
			const platform = board.boot();
			board.storage.makeUnreadable("app", "health");
			const unreadable = new Health(new Store(platform.storage), platform.clock, platform.system);
			unreadable.begin();
			check.equal(unreadable.fault, "io");
			check.bytes(board.storage.peek("app", "health"), newer);
			board.storage.write("app", "health", encodeCbor({ 0: 1, 1: 7 }));
			const corrupt = boot(board);
			check.equal(corrupt.fault, "corrupt");
			check.equal(corrupt.figures().boots, 1);
			check.equal(boot(board).fault, undefined);
			check.equal(boot(board).figures().boots, 3);
		},
	);

	t.test("a full disk loses the record of this boot and nothing else (T12)", ({ crypto }) => {
		const board = newBoard(crypto);
		boot(board);
		board.crash("exception", "third < run");
		const platform = board.boot();
		board.storage.failWrites("record/full");
		const health = new Health(new Store(platform.storage), platform.clock, platform.system);
		health.begin();
		check.equal(health.figures().stack, "third < run");
		check.equal(platform.system.lastFault(), "third < run", "the host still has it");
		check.equal(boot(board).figures().boots, 2);
	});

	t.test("no text from outside reaches the record: there is no way to hand it one (I1)", ({ crypto }) => {
		const board = newBoard(crypto);
		const health = boot(board);
		health.recordLinkFailure("secret" as unknown as number);
		health.recordTimeSource("owner");
		health.flush();
		const record = toHex(board.storage.peek("app", "health")!);
		check.ok(!record.includes(toHex(encodeUtf8("secret"))));
		check.ok(record.includes(toHex(encodeUtf8("power-on"))));
	});
}
