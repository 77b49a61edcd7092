// SPDX-License-Identifier: Apache-2.0
import { boardStory } from './story.mjs';

boardStory('trixie', 'libgpiod.so.3', { everything: false });
