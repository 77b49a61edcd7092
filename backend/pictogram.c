/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/pictogram.h"

#define OPEN                                                                                                           \
    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 100 100\" aria-hidden=\"true\" fill=\"none\" "            \
    "stroke=\"#000\" stroke-width=\"4\" stroke-linecap=\"round\" stroke-linejoin=\"round\">"
#define CLOSE "</svg>"
/* A cabinet of two columns and three rows. */
#define CABINET "<path d=\"M14 8H86V92H14ZM50 8V92M14 36H86M14 64H86\"/>"
/* A bag with a cross; its top left corner is at 0 0, it is 28 wide and 34 high. */
#define BAG                                                                                                            \
    "<path fill=\"#fff\" d=\"M0 9H28V34H0Z\"/><path d=\"M8 9V5Q8 0 14 0T20 5V9\"/>"                                    \
    "<path d=\"M14 15V28M7.500 21.500H20.500\" stroke-width=\"5\"/>"
#define ARROW_HEAD " fill=\"#000\" stroke-width=\"2\""

static const char *const pictures[PICTOGRAM_N] = {
    [PICTOGRAM_GO] = OPEN "<circle cx=\"22\" cy=\"22\" r=\"9\" fill=\"#000\"/>"
                          "<path d=\"M22 34V60L11 88M22 60L35 88M22 40L9 54M22 40L38 50\" stroke-width=\"6\"/>"
                          "<path d=\"M60 12H94V90H60ZM77 12V90M60 38H94M60 64H94\"/>"
                          "<path d=\"M38 70H48\"/><path" ARROW_HEAD " d=\"M47 63L56 70L47 77Z\"/>" CLOSE,
    [PICTOGRAM_CODE] =
        OPEN "<path fill=\"#000\" d=\"M6 8H40L34 22H12Z\"/>"
             "<path d=\"M14 27L9 40M23 27V40M32 27L37 40\" stroke-width=\"2.500\" stroke-dasharray=\"4 4\"/>"
             "<path d=\"M5 46H41V92H5Z\"/>"
             "<g fill=\"#000\" stroke=\"none\"><path d=\"M11 52h10v10h-10zM25 52h10v10h-10zM11 66h10v10h-10z\"/>"
             "<path d=\"M25 66h4v4h-4zM31 70h4v6h-4zM25 74h4v4h-4zM11 81h24v5h-24z\"/></g>"
             "<path d=\"M50 10V90\" stroke-width=\"2.500\" stroke-dasharray=\"1 8\"/>"
             "<path d=\"M59 12H95V88H59Z\"/><g fill=\"#000\" stroke=\"none\">"
             "<circle cx=\"67\" cy=\"24\" r=\"4\"/><circle cx=\"77\" cy=\"24\" r=\"4\"/><circle cx=\"87\" cy=\"24\" "
             "r=\"4\"/><circle cx=\"67\" cy=\"41\" r=\"4\"/><circle cx=\"77\" cy=\"41\" r=\"4\"/><circle cx=\"87\" "
             "cy=\"41\" r=\"4\"/><circle cx=\"67\" cy=\"58\" r=\"4\"/><circle cx=\"77\" cy=\"58\" r=\"4\"/><circle "
             "cx=\"87\" cy=\"58\" r=\"4\"/><circle cx=\"67\" cy=\"76\" r=\"4\"/><circle cx=\"77\" cy=\"76\" r=\"4\"/>"
             "<circle cx=\"87\" cy=\"76\" r=\"4\"/></g>" CLOSE,
    [PICTOGRAM_LIGHT] =
        OPEN "<path d=\"M8 10H62V92H8ZM35 10V92M8 37H62M8 65H62\"/>"
             "<path fill=\"#000\" d=\"M35 37H62V65H35Z\"/><path fill=\"#fff\" d=\"M62 37L74 31V71L62 65Z\"/>"
             "<circle cx=\"48.500\" cy=\"51\" r=\"7\" fill=\"#fff\" stroke=\"none\"/>"
             "<path d=\"M80 36L91 29M82 51H95M80 66L91 73\" stroke-width=\"5\"/>" CLOSE,
    [PICTOGRAM_TAKE] =
        OPEN "<path d=\"M6 16H50V78H6Z\"/><path d=\"M50 16L62 8V88L50 78\"/>"
             "<g transform=\"translate(14 34)\">" BAG "</g>"
             "<path d=\"M46 57H80\" stroke-width=\"6\"/><path" ARROW_HEAD " d=\"M79 46L96 57L79 68Z\"/>" CLOSE,
    [PICTOGRAM_CLOSE] =
        OPEN "<path d=\"M8 16H52V84H8Z\"/><path fill=\"#fff\" d=\"M52 16L84 6V94L52 84Z\"/>"
             "<circle cx=\"75\" cy=\"50\" r=\"3\" fill=\"#000\"/>"
             "<path d=\"M94 68Q90 50 66 50\" stroke=\"#fff\" stroke-width=\"12\"/>"
             "<path d=\"M94 78Q92 50 62 50\" stroke-width=\"6\"/><path" ARROW_HEAD " d=\"M64 39L46 50L64 61Z\"/>" CLOSE,
};

const char *pictogram_svg(enum pictogram p)
{
    return pictures[p];
}
