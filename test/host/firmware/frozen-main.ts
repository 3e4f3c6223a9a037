import { BYTES, count, Door, greet, NAMES, plain, TABLE } from "./frozen.ts";

function attempt(what: string, change: () => unknown): void {
	let outcome = "changed";
	try {
		change();
	} catch (error) {
		outcome = error instanceof TypeError ? "refused" : String(error);
	}
	trace(`${what}: ${outcome}\n`);
}

attempt("function", () => Object.assign(greet, { extra: 1 }));
attempt("prototype", () => {
	Door.prototype.knock = () => "no";
});
attempt("static", () => {
	Door.kinds.first = "iron";
});
attempt("private static", () => Door.open());
attempt("table", () => {
	TABLE.a = 2;
});
attempt("array", () => TABLE.list.push(3));
attempt("built-in", () => {
	Array.prototype.map = () => [];
});
attempt("map", () => NAMES.set("b", 2));
attempt("bytes", () => {
	BYTES[0] = 9;
});
trace(`variable: ${count()}\n`);
plain.value = 2;
trace(`plain object: ${plain.value} own copy\n`);

class Fault extends Error {
	override name = "named";
}
trace(`subclass: ${new Fault("x").name}\n`);
native<() => never>("xs_system_reboot")();
