// The search. html-data.c says what the blocks hold; they come a step at a time, and the one that has
// objects ends its plan. What comes out of them is only ever set as text.
(function () {
	"use strict";
	const PAGE = 100;
	const at = (id) => document.getElementById(id);
	const plans = [];
	let rows = []; // of what was asked for, as indexes: plan * 2^32 + binding
	let page = 0;

	// A text that is no UTF-8 is marked by U+FFFD, see json-writer.h.
	const shown = (text) => text[0] === "\ufffd" ? text.slice(1) : text;

	function read() {
		let plan = null;
		for (const block of document.querySelectorAll("script.bindsim")) {
			const data = JSON.parse(block.textContent);
			plan = plan || { symbols: [], lower: null, manners: [], from: [], symbol: [], manner: [], step: [] };
			if (data.objects) {
				plan.name = shown(data.plan);
				plan.objects = data.objects;
				plan.slots = new Map(data.slots.map((slot) => [slot.from + ":" + slot.symbol, slot]));
				plans.push(plan);
				plan = null;
				continue;
			}
			for (const symbol of data.symbols)
				plan.symbols.push(symbol);
			for (const manner of data.manners)
				plan.manners.push(manner);
			for (const [from, pairs] of data.bindings)
				for (let i = 0; i < pairs.length; i += 2) {
					plan.from.push(from);
					plan.symbol.push(pairs[i]);
					plan.manner.push(pairs[i + 1]);
					plan.step.push(data.step);
				}
			block.textContent = "";
		}
	}

	const names = (symbol) => typeof symbol === "string" ? [symbol] : symbol;

	// What holds a name against TEXT; null where that is no regular expression.
	function matcher(text) {
		const regex = /^\/(.+?)\/?$/.exec(text);
		if (!regex) {
			const part = text.toLowerCase();
			return { lower: true, test: (name) => name.includes(part) };
		}
		try {
			const made = new RegExp(regex[1], "i");
			return { lower: false, test: (name) => made.test(name) };
		} catch (error) {
			return null;
		}
	}

	function symbolsOf(plan, match) {
		if (match.lower && !plan.lower)
			plan.lower = plan.symbols.map((symbol) => names(symbol).join("\n").toLowerCase());
		return plan.symbols.map((symbol, i) => match.lower ? match.test(plan.lower[i]) : names(symbol).some(match.test));
	}

	// The objects that are called so; if there is none, those with TEXT in their name.
	function objectsOf(plan, text) {
		const called = ([name, soname]) => [name, name.split("/").pop(), soname].includes(text);
		const exact = plan.objects.map(called);
		return exact.includes(true) ? exact
			: plan.objects.map(([name, soname]) => (name + "\n" + soname).toLowerCase().includes(text.toLowerCase()));
	}

	function find(question) {
		const match = matcher(question.symbol);
		const found = [];
		if (!match)
			return null;
		plans.forEach((plan, number) => {
			if (question.plan && question.plan !== number + 1)
				return;
			const wanted = question.symbol ? symbolsOf(plan, match) : null;
			const objects = question.object ? objectsOf(plan, question.object) : null;
			for (let i = 0; i < plan.symbol.length; i++) {
				if (wanted && !wanted[plan.symbol[i]])
					continue;
				if (objects && !(question.side !== "to" && objects[plan.from[i]]) &&
				    !(question.side !== "from" && objects[plan.manners[plan.manner[i]].to]))
					continue;
				found.push(number * 4294967296 + i);
			}
		});
		return found;
	}

	function cell(row, label, ...parts) {
		const td = document.createElement("td");
		if (label)
			td.dataset.label = label;
		td.append(...parts);
		row.append(td);
	}

	function element(name, text) {
		const made = document.createElement(name);
		made.textContent = text;
		return made;
	}

	function object(number, id) {
		if (id === null)
			return element("em", "nobody");
		const name = plans[number].objects[id][0];
		const row = "p" + (number + 1) + "-o" + id;
		const made = element(at(row) ? "a" : "span", name.split("/").pop() || name);
		if (at(row))
			made.href = "#" + row;
		made.title = name;
		return made;
	}

	function later(number, slot, cellOf) {
		const parts = [];
		(slot ? slot.answers.slice(1) : []).forEach((answer) =>
			parts.push(element("br", ""), "from step " + answer.after + " on ", object(number, answer.to)));
		if (slot && slot.called !== null)
			parts.push(element("br", ""), "called in step " + slot.called);
		return parts;
	}

	const words = (word) => word.replace(/-/g, " ");

	function show(index) {
		const number = Math.floor(index / 4294967296), i = index % 4294967296, plan = plans[number];
		const manner = plan.manners[plan.manner[i]], [name, demangled] = names(plan.symbols[plan.symbol[i]]);
		const slot = plan.slots.get(plan.from[i] + ":" + name);
		const waits = manner.when === "first-call" || manner.when === "call" ? slot : null;
		const row = document.createElement("tr");
		const symbol = [element("code", shown(demangled || name))];
		const version = element("em", manner.version ? " @" + shown(manner.version) : "");
		const why = manner.outcome === "bound" ? words(manner.why) : words(manner.outcome);

		if (demangled)
			symbol.push(element("br", ""), element("small", shown(name)));
		cell(row, "", ...symbol, version);
		cell(row, "Referrer", object(number, plan.from[i]));
		cell(row, "Definer", object(number, manner.to), ...later(number, waits));
		cell(row, "Why", why, manner.definition_version && manner.definition_version !== manner.version
			? ", defined as @" + shown(manner.definition_version) : "",
			manner.loads ? ", loads on demand" : "", manner.assumptions ? ", rests on a choice" : "");
		cell(row, "When", "step " + plan.step[i] + ", " + words(manner.when) + (manner.kinds.length ? ", " + manner.kinds.join(", ") : "") +
			(plans.length > 1 ? ", plan " + plan.name : ""));
		return row;
	}

	function draw() {
		const last = Math.max(0, Math.ceil(rows.length / PAGE) - 1);
		page = Math.min(Math.max(page, 0), last);
		at("rows").replaceChildren(...rows.slice(page * PAGE, (page + 1) * PAGE).map(show));
		at("page").textContent = "page " + (page + 1) + " of " + (last + 1);
		at("back").disabled = page === 0;
		at("on").disabled = page === last;
	}

	const asked = () => ({ symbol: at("symbol").value.trim(), object: at("object").value.trim(), side: at("side").value,
		plan: Number(at("plan").value) });

	function search() {
		const question = asked();
		at("results").hidden = !question.symbol && !question.object;
		if (at("results").hidden)
			return;
		const found = find(question);
		rows = found || [];
		page = 0;
		at("found").textContent = found ? rows.length.toLocaleString("en") + (rows.length === 1 ? " binding" : " bindings")
			: "This is no regular expression";
		draw();
	}

	// The question stands in the address, so that it can be passed on.
	function remember() {
		const question = asked();
		const parts = Object.keys(question).filter((key) => question[key])
			.map((key) => key + "=" + encodeURIComponent(question[key]));
		history.replaceState(null, "", parts.length ? "#" + parts.join("&") : location.pathname + location.search);
	}

	function decode(text) {
		try {
			return decodeURIComponent(text);
		} catch (error) {
			return text;
		}
	}

	function follow() {
		const hash = location.hash.slice(1);
		if (/^(symbol|object|side|plan)=/.test(hash) && plans.length) {
			const given = {};
			for (const part of hash.split("&"))
				given[part.split("=")[0]] = decode(part.slice(part.indexOf("=") + 1));
			for (const key of ["symbol", "object", "side"])
				at(key).value = given[key] || "";
			at("plan").value = plans.length > 1 && given.plan || "0";
			search();
			at("results").scrollIntoView();
			return;
		}
		// What is folded away is to be seen.
		const target = hash && at(decode(hash));
		for (let node = target; node; node = node.parentElement)
			if (node.tagName === "DETAILS")
				node.open = true;
		if (target)
			target.scrollIntoView();
	}

	function start() {
		const form = at("search");
		let waiting = 0;

		document.body.classList.add("scripted");
		read();
		const known = new Set();
		plans.forEach((plan, i) => {
			at("plan").append(new Option(plan.name, i + 1));
			plan.objects.forEach(([name]) => known.add(name));
		});
		at("plans").hidden = plans.length < 2;
		at("objects").append(...Array.from(known, (name) => new Option(name)));
		form.hidden = false;
		form.addEventListener("submit", (event) => event.preventDefault());
		form.addEventListener("input", () => {
			clearTimeout(waiting);
			waiting = setTimeout(() => {
				remember();
				search();
			}, 120);
		});
		const turn = (by) => () => {
			page += by;
			draw();
			at("found").scrollIntoView();
		};
		at("back").addEventListener("click", turn(-1));
		at("on").addEventListener("click", turn(1));
	}

	if (at("search"))
		start();
	addEventListener("hashchange", follow);
	addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((node) => {
		node.open = true;
	}));
	follow();
})();
