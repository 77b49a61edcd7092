// SPDX-License-Identifier: Apache-2.0
// Codes for attackers and clumsy fingers: wrong, but with a right check digit (H. M. Damm, 2004), so that they count as guesses.
const TABLE = ['0317598642', '7092154863', '4206871359', '1750983426', '6123045978', '3674209581', '5869720134', '8945362017', '9438617205', '2581436790'];
export const checkDigit = (digits) => [...digits].reduce((s, d) => Number(TABLE[s][d]), 0);
export const wrongCode = (code, i = 0) => {
  const nine = String((Number(code.slice(0, 9)) + 7919 * (i + 1)) % 1e9).padStart(9, '0');
  return nine + checkDigit(nine);
};
