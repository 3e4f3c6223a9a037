/**
 * Stands for esptool at an emulated kit, which has no RTS and DTR: the words of a reset in, the reset through the bench's socket.
 * node esptool-stand-in.mjs CONTROL ...words
 */
import { connect } from "node:net";

const ANSWER_MS = 20_000;
const [, , control, ...words] = process.argv;

if (!words.includes("hard_reset") || !words.includes("--port")) {
	process.stdout.write("A fatal error occurred: this one only resets\n");
	process.exit(2);
}
const socket = connect(control);
const late = setTimeout(() => process.exit(2), ANSWER_MS);
socket.setEncoding("latin1");
socket.on("connect", () => socket.write("reset\n"));
socket.on("error", () => {
	process.stdout.write("A fatal error occurred: Could not open port\n");
	process.exit(2);
});
socket.on("data", (answer) => {
	clearTimeout(late);
	socket.destroy();
	process.stdout.write("Hard resetting via RTS pin...\n");
	process.exitCode = answer === "ok\n" ? 0 : 2;
});
