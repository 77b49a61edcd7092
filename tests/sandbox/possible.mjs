// SPDX-License-Identifier: Apache-2.0
// Exits 77, with the reason, where nothing can be confined.
import { whyNot } from './rules.mjs';

const why = whyNot();
if (why) console.log(why);
process.exitCode = why ? 77 : 0;
