/** The pairing window as time alone sees it (DESIGN 8.1). */
import { LIMITS } from "../../../modules/base/limits.ts";
import { isWindowOpen, openWindow, WINDOW_CLOSED } from "../../../modules/pairing/window.ts";
import { check, type Suite } from "../../harness/test.ts";

export default function suite(t: Suite): void {
	t.test(
		"a window is open for its time and not a moment longer, whether or not a timer came (T7, T20)",
		() => {
			const window = openWindow(1000);
			check.ok(isWindowOpen(window, 1000));
			check.ok(isWindowOpen(window, 1000 + LIMITS.windowMs - 1));
			check.ok(!isWindowOpen(window, 1000 + LIMITS.windowMs));
			check.ok(!isWindowOpen(window, 1000 + 10 * LIMITS.windowMs));
		},
	);

	t.test("another press starts its time anew; a closed window is closed at any time", () => {
		check.ok(isWindowOpen(openWindow(1000 + LIMITS.windowMs), 1000 + LIMITS.windowMs));
		check.ok(!isWindowOpen(WINDOW_CLOSED, 0));
		check.ok(!isWindowOpen(WINDOW_CLOSED, 1000));
	});
}
