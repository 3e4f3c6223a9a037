/** The drive's refusals: opposed outputs, times out of range, pins that are none. */
import Timer from "timer";
import { NativeDrive } from "../../../hosts/bindings/drive.ts";
import { end, faultOf, say } from "./say.ts";

say(
	"pin",
	faultOf(() => new NativeDrive({ "drive-throw": 16, "drive-retract": 17, brake: 4_000_000 })),
);
const drive = new NativeDrive({ "drive-throw": 16, "drive-retract": 17, brake: 18 });
say(
	"twice",
	faultOf(() => new NativeDrive({ "drive-throw": 16, "drive-retract": 17, brake: 18 })),
);
say(
	"times",
	...[0, -1, 0.5, Number.NaN, 10_001].map((ms) => faultOf(() => drive.energise("drive-throw", ms))),
);
say(
	"one",
	faultOf(() => drive.energise("drive-throw", 50)),
);
say(
	"opposed",
	faultOf(() => drive.energise("drive-retract", 50)),
);
say(
	"brake",
	faultOf(() => drive.energise("brake", 50)),
);
drive.cut("drive-throw");
say(
	"after cut",
	faultOf(() => drive.energise("drive-retract", 50)),
);
say(
	"opposed",
	faultOf(() => drive.energise("drive-throw", 50)),
);
Timer.set(() => {
	say(
		"after deadline",
		faultOf(() => drive.energise("drive-throw", 50)),
	);
	drive.cut("drive-throw");
	drive.cut("drive-throw");
	end();
}, 100);
