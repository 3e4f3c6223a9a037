/** The command line of `latchkey hil`, before anything runs. */
import { existsSync } from "node:fs";
import { check, type Suite } from "../harness/test.ts";
import { HilCommand, withPlace } from "./hil-command.ts";

export default function suite(t: Suite): void {
	t.test("the list names every scenario with its needs, and what does not go together is refused", () =>
		withPlace(async ({ at }) => {
			const list = new HilCommand(["list"]);
			check.equal(await list.ended, 0);
			check.deepEqual(
				list.text
					.trim()
					.split("\n")
					.map((line) => line.split("\t")[0]),
				["pair", "unlock", "jam", "power-cut", "wifi-loss", "ble", "trust-drill", "update", "reset"],
			);
			const report = ["--report", at("report")];
			for (const words of [
				["--driver", "rig"],
				["--driver", "kit"],
				["--driver", "oven"],
				["--driver", "virtual", "--only", "dance"],
				["--driver", "virtual", "--ble", "127.0.0.1:1"],
				["--driver", "virtual", "--hands"],
				["--driver", "kit", "--port", "/dev/null", "--rig", "/dev/null"],
			]) {
				const refused = new HilCommand(["run", ...words, ...report]);
				check.equal(await refused.ended, 2, `${words.join(" ")}: ${refused.text}`);
				check.equal(refused.text.trim().split("\n").length, 1, refused.text);
			}
			check.ok(!existsSync(at("report")));
		}),
	);
}
