/**
 * What another program finds in its environment: what programs of its kind need, by name, and nothing else. A line is started with
 * the PIN of its token in the environment (docs/FACTORY.md), which is no printer's and no programmer's. Pure.
 */

const NAMED: readonly string[] = Object.freeze([
	"PATH",
	"HOME",
	"USER",
	"LOGNAME",
	"LANG",
	"LC_ALL",
	"LC_CTYPE",
	"TZ",
	"TMPDIR",
	// Of printing.
	"CUPS_SERVER",
	"PRINTER",
	// Of esptool and the Python that it may be in.
	"ESPTOOL_CFGFILE",
	"VIRTUAL_ENV",
	"IDF_PYTHON_ENV_PATH",
] as const);

export function childEnvironment(own: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
	return Object.fromEntries(NAMED.flatMap((name) => (own[name] === undefined ? [] : [[name, own[name]]])));
}
