// SPDX-License-Identifier: Apache-2.0
import { boardStory } from './story.mjs';

boardStory('bookworm', 'libgpiod.so.2', { everything: true });
