/** The pins of one scenario as a drawing: one row a role, time to the right. SVG without scripts, styles or links. */
import { escapeMarkup } from "./markup.ts";
import type { RigRole } from "./rig-message.ts";
import type { Edge } from "./trace.ts";

const LEFT = 110;
const WIDTH = 760;
const ROW = 26;
const HIGH = 16;
const TICKS = 8;
const TEXT = 'font-family="sans-serif" font-size="11" fill="#333"';

/** From the first edge to the last: a pulse that is shorter than a pixel is still a line. */
function pathOf(edges: readonly Edge[], role: RigRole, x: (atUs: number) => string, base: number): string {
	const own = edges.filter((edge) => edge.role === role);
	const level = (high: boolean): number => (high ? base - HIGH : base);
	// What it was before its first edge.
	let path = `M${LEFT} ${level(!own[0]!.level)}`;
	for (const edge of own) path += `H${x(edge.atUs)}V${level(edge.level)}`;
	return `${path}H${LEFT + WIDTH}`;
}

/** Empty where there was no edge. */
export function drawTrace(edges: readonly Edge[]): string {
	const [first] = edges;
	if (first === undefined) return "";
	const roles = [...new Set(edges.map(({ role }) => role))];
	const [fromUs, toUs] = edges.reduce(
		([least, most], { atUs }) => [Math.min(least, atUs), Math.max(most, atUs)],
		[first.atUs, first.atUs],
	);
	const spanUs = Math.max(1, toUs - fromUs);
	const x = (atUs: number): string => (LEFT + ((atUs - fromUs) / spanUs) * WIDTH).toFixed(2);
	const height = (roles.length + 1) * ROW;
	const parts: string[] = [];
	for (let tick = 0; tick <= TICKS; tick++) {
		const at = x(fromUs + (tick / TICKS) * spanUs);
		const label = ((tick / TICKS) * (spanUs / 1_000)).toFixed(0);
		parts.push(`<path d="M${at} 0V${height - ROW + 6}" stroke="#ddd" fill="none"/>`);
		parts.push(`<text x="${at}" y="${height - 6}" text-anchor="middle" ${TEXT}>${label} ms</text>`);
	}
	roles.forEach((role, index) => {
		const base = (index + 1) * ROW - 4;
		parts.push(`<text x="4" y="${base - 3}" ${TEXT}>${escapeMarkup(role)}</text>`);
		parts.push(`<path d="${pathOf(edges, role, x, base)}" stroke="#06c" fill="none"/>`);
	});
	const size = `width="${LEFT + WIDTH + 40}" height="${height}"`;
	return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-label="pins over time">${parts.join("")}</svg>`;
}
