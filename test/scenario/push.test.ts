/** A release pushed to a lock by hand, as processes (docs/UPDATE.md 5 to 7, 10): through a phone, and in recovery by the line. */
import { connect } from "node:net";
import { join } from "node:path";
import { check, type Suite } from "../harness/test.ts";
import { eventually } from "../tools/support/temporary.ts";
import { withHome } from "./home-test.ts";
import { UpdateHome } from "./update-home.ts";

/** A board's boot, and what it says three seconds later, on a busy machine. */
const HEARD_MS = 20_000;

function kilobytesSent(stdout: string): number {
	const first = /^image +\d+ % +(\d+) of/m.exec(stdout);
	check.ok(first !== null, stdout);
	return Number(first[1]) / 1024;
}

export default function suite(t: Suite): void {
	t.test(
		"a phone at the local network brings a release, goes on where it was cut, and says how the trial ended (T10, T12, T18)",
		({ note }) =>
			withHome(async (home) => {
				await home.release("two", home.image({ version: "0.2.0", sequence: 2 }));
				const cut = await home.pushLocally("two");
				const isHalf = (): boolean => /^image +[4-9]\d %/m.test(cut.stdout);
				while (!isHalf() && cut.child.exitCode === null)
					await new Promise((resolve) => setTimeout(resolve, 20));
				check.ok(isHalf(), `${cut.stdout}${cut.stderr}`);
				await home.house.cutPower();
				cut.child.kill("SIGKILL");
				await cut.ended;
				await home.house.startBoard();

				const startedMs = performance.now();
				const pushed = home.succeeded(await (await home.pushLocally("two")).ended);
				note(`the rest and the trial in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
				note(pushed.stdout.trim().replaceAll("\n", " | "));
				check.ok(/done\tinstalled and confirmed/.test(pushed.stdout), pushed.stdout);
				check.ok(kilobytesSent(pushed.stdout) > 64, "what was good before the cut was sent again");
				check.ok(/^firmware\t0\.2\.0$/m.test(home.succeeded(await home.phone("status")).stdout));
				check.ok(/update 2: confirmed/.test((await home.phone("log")).stdout));

				const again = home.succeeded(await (await home.pushLocally("two")).ended);
				check.ok(/done\tthe lock runs it already/.test(again.stdout), again.stdout);
				home.succeeded(await home.phone("unlock"));
			}),
	);

	t.test(
		"a release goes to an unsealed board by the line's verbs, and to a sealed lock through a phone's session over its line, trust first (T10, T14)",
		({ note }) =>
			withHome(async (home) => {
				await home.release("two", home.image({ version: "0.2.0", sequence: 2 }));
				const first = home.succeeded(await home.push("two", "--line", home.line).ended);
				check.ok(/done\tinstalled and confirmed/.test(first.stdout), first.stdout);
				const line = await home.openLine();
				const who = check.accepted(await line.call("identify"));
				line.close();
				check.ok(who.uint(1)! < 3, "not sealed yet");
				check.equal(who.text(3, 64), "0.2.0");

				await home.claim();
				const bundle = home.nextBundle();
				await home.release("three", home.image({ version: "0.3.0", sequence: 3 }));
				const way = ["--dir", join(home.dir, "ada"), "--serial-line", home.line];
				home.refused(await home.push("three", ...way).ended, /newer trust bundle/);
				const pushed = home.succeeded(await home.push("three", ...way, "--bundle", bundle).ended);
				note(pushed.stdout.trim().replaceAll("\n", " | "));
				check.ok(/^trust\tversion 2$/m.test(pushed.stdout), pushed.stdout);
				check.ok(/done\tinstalled and confirmed/.test(pushed.stdout), pushed.stdout);

				const stands = home.succeeded(await home.phoneUpdate("status", "--attest"));
				for (const says of [
					/^state\tidle$/m,
					/^sequence\t3, floor 3$/m,
					/^trust\tversion 2$/m,
					/^sealed\tyes$/m,
				])
					check.ok(says.test(stands.stdout), stands.stdout);
				check.ok(stands.stdout.includes(`attested image\t${home.digestOf("three")}`), stands.stdout);
				const retried = home.succeeded(await home.phoneUpdate("retry"));
				check.ok(/may be tried again/.test(retried.stdout), retried.stdout);
			}, UpdateHome.openUnsealed),
	);

	t.test("what the lock refuses ends with status 1 and the reason (T10, T11, I7)", () =>
		withHome(async (home) => {
			const image = home.image({ version: "0.2.0", sequence: 2 });
			await home.release("unsigned", image, ["signature"]);
			await home.release("stale", image, ["freshness"]);
			await home.release("far", home.image({ version: "9.0.0", sequence: 5000 }));
			for (const [release, says] of [
				["unsigned", /does not stand for it/],
				["stale", /freshness statement/],
				["far", /too far ahead/],
			] as const) {
				home.refused(await (await home.pushLocally(release)).ended, says);
			}
			const line = await home.openLine();
			check.deepEqual(await line.call("update-offer", { 0: 1, 1: 0, 2: Uint8Array.of(0) }), {
				ok: false,
				reason: "sealed",
			});
			line.close();
			check.ok(/^firmware\t0\.1\.0$/m.test(home.succeeded(await home.phone("status")).stdout));
		}),
	);

	t.test(
		"held at the button at power-on a lock takes signed releases over the line and nothing else, and lets people out (T10, T18, I2)",
		() =>
			withHome(async (home) => {
				const { house } = home;
				const image = home.image({ version: "0.2.0", sequence: 2 });
				await home.release("two", image);
				await home.release("unsigned", image, ["signature"]);
				await house.cutPower();
				house.mechanism.set("button", true);
				await house.startBoard();
				const hears = async (line: string): Promise<void> =>
					check.ok(await eventually(() => home.log.includes(line), HEARD_MS), home.log);
				await hears("recovery: held at the button");
				house.mechanism.set("button", false);
				await hears("recovery: the serial line only");
				check.equal(house.localPort, undefined, "no local network in recovery");
				// Held until the door is open: a board that is off the processor for a short press takes it for a bounce.
				house.mechanism.set("exit", true);
				check.ok(await house.mechanism.waitFor(({ position }) => position === 0, HEARD_MS), home.log);
				house.mechanism.set("exit", false);

				const line = await home.openLine();
				for (const verb of ["begin", "label", "seal", "time", "health"] as const) {
					check.deepEqual(await line.call(verb), { ok: false, reason: "refused" }, verb);
				}
				check.ok((await line.call("identify")).ok);
				line.close();
				home.refused(await home.push("unsigned", "--line", home.line).ended, /does not stand for it/);
				const pushed = home.succeeded(await home.push("two", "--line", home.line).ended);
				check.ok(/done\tinstalled and confirmed/.test(pushed.stdout), pushed.stdout);
				check.ok(/^firmware\t0\.2\.0$/m.test(home.succeeded(await home.phone("status")).stdout));
				home.succeeded(await home.phone("unlock"));
			}),
	);

	t.test(
		"where neither slot boots the recovery program brings a signed release back over the line, under the same identity, seal and floors (T10, T12, I3, I4)",
		({ note }) =>
			withHome(async (home) => {
				const { house } = home;
				await home.release("one", home.image({ version: "0.1.9", sequence: 1 }));
				const image = home.image({ version: "0.2.0", sequence: 2 });
				await home.release("two", image);
				await home.release("unsigned", image, ["signature"]);
				home.succeeded(await (await home.pushLocally("two")).ended);

				await house.cutPower();
				home.wreckSlots();
				await house.startBoard();
				const line = await home.openLine();
				const who = check.accepted(await line.call("identify"));
				check.equal(who.text(2, 24), house.label!.serial);
				check.equal(who.uint(1), 3, "sealed still");
				for (const verb of ["begin", "label", "seal", "time", "health"] as const) {
					check.deepEqual(await line.call(verb), { ok: false, reason: "refused" }, verb);
				}
				line.close();
				check.ok(/boot: recovery, which writes slot/.test(home.log), home.log);
				check.ok(await neverListens(home), "no local network");
				const before = home.log.split("\n").length;
				await house.mechanism.press("exit", 500);
				check.ok(
					!house.mechanism.output("drive-retract") && house.mechanism.position === 1,
					"outputs stay off",
				);

				home.refused(await home.push("one", "--line", home.line).ended, /not newer/);
				home.refused(await home.push("unsigned", "--line", home.line).ended, /does not stand for it/);
				const pushed = home.succeeded(await home.push("two", "--line", home.line).ended);
				check.ok(/done\tinstalled and confirmed/.test(pushed.stdout), pushed.stdout);
				note(pushed.stdout.trim().replaceAll("\n", " | "));
				check.ok(
					home.log
						.split("\n")
						.slice(before)
						.some((text) => text.includes("firmware 0.2.0, stage sealed")),
					home.log,
				);
				home.succeeded(await home.phone("unlock"));
				check.ok(/update 2: recovered/.test((await home.phone("log")).stdout));
				home.refused(await (await home.pushLocally("one")).ended, /not newer/);
			}),
	);
}

/** Nobody answers at the port that the lock had. */
async function neverListens(home: UpdateHome): Promise<boolean> {
	const port = home.house.localPort;
	if (port === undefined) return true;
	return await new Promise((resolve) => {
		const socket = connect({ host: "127.0.0.1", port });
		socket.on("connect", () => {
			socket.destroy();
			resolve(false);
		});
		socket.on("error", () => resolve(true));
	});
}
