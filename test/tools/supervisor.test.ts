/** The board's supervisor, with boards that end as told and with the real one. */
import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readBoardEnd } from "../../tools/board/reset-reason.ts";
import { Supervisor, type SupervisorEvent, type SupervisorOptions } from "../../tools/board/supervisor.ts";
import { check, type Suite } from "../harness/test.ts";
import { RunningCommand, runCommand } from "./support/command.ts";
import { eventually, pause, temporaryFolder } from "./support/temporary.ts";

/** A program in place of the host binary; it sees the board's arguments as "$@". */
function fakeBoard(script: string): { readonly binary: string; readonly dir: string } {
	const dir = temporaryFolder();
	const binary = join(dir, "fake-board");
	writeFileSync(binary, `#!/bin/sh\ncd "${dir}"\n${script}\n`);
	chmodSync(binary, 0o755);
	return { binary, dir };
}

interface Watched {
	readonly supervisor: Supervisor;
	readonly lines: string[];
	readonly events: SupervisorEvent[];
	readonly reasons: () => string[];
}

function watch(script: string, more: Partial<SupervisorOptions> = {}): Watched {
	const { binary, dir } = fakeBoard(script);
	const lines: string[] = [];
	const events: SupervisorEvent[] = [];
	const supervisor = new Supervisor({
		binary,
		dir: join(dir, "flash"),
		image: "firmware.image",
		onLine: (line) => lines.push(line),
		onEvent: (event) => events.push(event),
		...more,
	});
	const reasons = (): string[] => events.flatMap((event) => (event.kind === "boot" ? [event.reason] : []));
	return { supervisor, lines, events, reasons };
}

function isAlive(pid: number): boolean {
	return existsSync(`/proc/${pid}`);
}

/** Ends as the n-th line of `ends` says; stays up at the last. */
function endings(...ends: readonly string[]): string {
	return `n=$(cat count 2>/dev/null || echo 0); echo $((n + 1)) > count
case $n in
${ends.map((end, index) => `${index}) ${end} ;;`).join("\n")}
*) exec sleep 30 ;;
esac`;
}

export default function suite(t: Suite): void {
	t.test("every end of a board has its meaning for the next boot", () => {
		const reasonOf = (status: number | null, signal: NodeJS.Signals | null = null): string => {
			const end = readBoardEnd(status, signal);
			return end.kind === "reset" ? end.reason : end.kind;
		};
		check.deepEqual(
			[0, 2, 3, 63, 64, 65, 66, 69, 70, 71, 72, 80, 81, 96].map((status) => reasonOf(status)),
			[
				"stopped",
				"refused",
				"refused",
				"refused",
				"unknown",
				"memory",
				"stack",
				"exception",
				"unknown",
				"watchdog",
				"rejection",
				"requested",
				"watchdog",
				"refused",
			],
		);
		check.deepEqual([reasonOf(null, "SIGSEGV"), reasonOf(null, "SIGKILL")], ["unknown", "unknown"]);
	});

	t.test(
		"a board that resets is booted again and told why; its arguments and its log pass through",
		async () => {
			const script = `echo "boot $*"; echo "trouble" >&2; ${endings("exit 80", "exit 65", "kill -SEGV $$")}`;
			const { supervisor, lines, reasons } = watch(script, {
				heapKb: 256,
				serialLink: "/tmp/serial",
				pinsSocket: "/tmp/pins",
				pauseFirstMs: 5,
			});
			supervisor.start();
			check.ok(await eventually(() => reasons().length === 4));
			check.deepEqual(reasons(), ["power-on", "requested", "memory", "unknown"]);
			check.ok(await eventually(() => lines.length >= 8));
			const first = lines.find((line) => line.startsWith("boot ")) ?? "";
			for (const word of [
				"--image firmware.image",
				"--heap-kb 256",
				"--serial /tmp/serial",
				"--pins /tmp/pins",
				"--slot-kb 1536",
				"--reset-reason power-on",
				`--parent ${process.pid}`,
			]) {
				check.ok(first.includes(word), first);
			}
			check.ok(lines.includes("trouble"));
			await supervisor.stop();
			const plain = watch('echo "boot $*"; exit 2', { slotKb: 0 });
			plain.supervisor.start();
			await plain.supervisor.wait();
			check.ok(plain.lines.some((line) => line.startsWith("boot ") && !line.includes("--slot-kb")));
		},
	);

	t.test("a boot loop is slowed down, a steady board is not made to wait", async () => {
		const loop = watch("exit 69", { pauseFirstMs: 40, pauseMaxMs: 160 });
		loop.supervisor.start();
		const resets = (): number => loop.events.filter((event) => event.kind === "end").length;
		const startedMs = performance.now();
		check.ok(await eventually(() => resets() >= 7, 20_000));
		check.ok(performance.now() - startedMs >= 40 + 80 + 3 * 160);
		await loop.supervisor.stop();
		const pauses = loop.events.flatMap((event) =>
			event.kind === "end" && event.end.kind === "reset" ? [event.pauseMs] : [],
		);
		check.deepEqual(pauses.slice(0, 5), [0, 40, 80, 160, 160]);
		const steady = watch(endings("sleep 0.1; exit 80", "sleep 0.1; exit 80", "sleep 0.1; exit 80"), {
			pauseFirstMs: 5_000,
			steadyMs: 50,
		});
		steady.supervisor.start();
		check.ok(await eventually(() => steady.reasons().length === 4));
		await steady.supervisor.stop();
	});

	t.test("a board that cannot run is not started again, and its status is known", async () => {
		for (const [script, status] of [
			["echo bad image; exit 3", 3],
			["exit 2", 2],
		] as const) {
			const { supervisor, reasons } = watch(script);
			supervisor.start();
			await supervisor.wait();
			check.equal(supervisor.refusedStatus, status);
			check.equal(reasons().length, 1);
		}
		const missing = new Supervisor({ binary: "/no/such/board", dir: temporaryFolder() });
		missing.start();
		await missing.wait();
		check.equal(missing.refusedStatus, 127);
	});

	t.test("stop is asked for first and forced when it is not heard; a power cut asks nobody", async () => {
		const polite = watch(`trap 'echo stopping; exit 0' TERM; echo up; sleep 30 >/dev/null 2>&1 & wait`);
		polite.supervisor.start();
		check.ok(await eventually(() => polite.lines.includes("up")));
		const politePid = polite.supervisor.pid!;
		await polite.supervisor.stop();
		check.ok(polite.lines.includes("stopping"));
		check.equal(isAlive(politePid), false);
		const cut = watch(`trap 'echo stopping; exit 0' TERM; echo up; exec sleep 30`);
		cut.supervisor.start();
		check.ok(await eventually(() => cut.lines.includes("up")));
		const cutPid = cut.supervisor.pid!;
		await cut.supervisor.cutPower();
		check.equal(isAlive(cutPid), false);
		check.ok(!cut.lines.includes("stopping"));
		await pause(150);
		check.equal(cut.supervisor.pid, undefined, "it was booted again");
		cut.supervisor.start();
		check.ok(await eventually(() => cut.reasons().length === 2));
		check.deepEqual(cut.reasons(), ["power-on", "power-on"]);
		await cut.supervisor.stop();
		const deaf = watch(`trap '' TERM; echo up; while :; do sleep 0.05; done`);
		deaf.supervisor.start();
		check.ok(await eventually(() => deaf.lines.includes("up")));
		const deafPid = deaf.supervisor.pid!;
		await deaf.supervisor.stop();
		check.equal(isAlive(deafPid), false);
	});

	t.test("a child that a board left behind does not hide its end, and ends with it", async () => {
		const { supervisor, reasons, lines } = watch(endings("sleep 20 & echo orphan $!; exit 80"));
		supervisor.start();
		check.ok(await eventually(() => reasons().length === 2, 3_000));
		const orphan = Number(lines.find((line) => line.startsWith("orphan"))?.slice(7));
		check.ok(orphan > 0 && (await eventually(() => !isAlive(orphan), 2_000)));
		await supervisor.stop();
	});

	t.test("stop during the pause of a boot loop boots nothing more", async () => {
		const { supervisor, reasons } = watch("exit 72", { pauseFirstMs: 10_000 });
		supervisor.start();
		check.ok(await eventually(() => reasons().length === 2));
		await supervisor.stop();
		await supervisor.wait();
		const boots = reasons().length;
		await pause(50);
		check.equal(reasons().length, boots);
	});

	t.test("latchkey board reports a board that cannot run in one line", async () => {
		const dir = temporaryFolder();
		writeFileSync(join(dir, "no.image"), "not an image");
		const end = await runCommand("board", "--dir", join(dir, "flash"), "--image", join(dir, "no.image"));
		check.equal(end.status, 1);
		check.ok(/^latchkey: the board cannot run \(exit status \d+\)[^\n]*\n$/.test(end.stderr), end.stderr);
	});

	for (const signal of ["SIGTERM", "SIGINT", "SIGKILL"] as const) {
		t.test(`latchkey board runs the firmware, and takes its board with it at ${signal}`, async () => {
			const command = new RunningCommand(["board", "--dir", join(temporaryFolder(), "flash")]);
			check.ok(
				await eventually(() => command.stdout.includes("stage blank"), 15_000),
				command.stdout + command.stderr,
			);
			const pid = Number(/process (\d+)/.exec(command.stdout)?.[1]);
			check.ok(isAlive(pid));
			command.child.kill(signal);
			const end = await command.ended;
			if (signal !== "SIGKILL") check.deepEqual([end.status, end.stderr], [0, ""]);
			check.ok(await eventually(() => !isAlive(pid), 5_000), "the board goes on alone");
		});
	}
}
