using Microsoft.Playwright;

namespace PredictiveOrchestration.TestKit.Browser;

/// <summary>Contrast of the text of a page, by the formula of WCAG 2: relative luminances of the colour and of what is behind it.</summary>
public static class TextContrast
{
    // The background is the nearest one above that is not transparent; text in a drawing is judged against the card it is on, or the mark before it.
    private const string Script = """
        () => {
          const channel = c => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
          const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
          const rgba = text => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1); return canvas.getImageData(0, 0, 1, 1).data; };
          const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
          const behind = node => {
            for (let n = node; n; n = n.parentElement) {
              const c = rgba(getComputedStyle(n).backgroundColor);
              if (c[3] > 250) return c;
            }
            return [255, 255, 255, 255];
          };
          const poor = [];
          let judged = 0;
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          while (walker.nextNode()) {
            const node = walker.currentNode.parentElement;
            if (!walker.currentNode.textContent.trim() || node.closest('title,noscript,script,style,option') || !node.checkVisibility() || getComputedStyle(node).clipPath !== 'none') continue;
            const drawn = node instanceof SVGElement;
            const style = getComputedStyle(node);
            const front = rgba(drawn ? style.fill : style.color);
            const mark = drawn && node.classList.contains('inside') ? node.previousElementSibling : null;
            const back = mark ? rgba(getComputedStyle(mark).fill) : behind(node);
            const [a, b] = [luminance(front), luminance(back)].sort((x, y) => y - x);
            const ratio = (a + 0.05) / (b + 0.05);
            judged++;
            if (ratio < 4.5) poor.push(`${ratio.toFixed(2)}: ${node.tagName} "${walker.currentNode.textContent.trim().slice(0, 40)}"`);
          }
          return [String(judged), ...poor];
        }
        """;

    /// <summary>Measures all visible text.</summary>
    /// <returns>How many texts were judged, and those below 4.5 : 1.</returns>
    public static async Task<(int Judged, IReadOnlyList<string> Poor)> MeasureAsync(IPage page)
    {
        var found = await page.EvaluateAsync<string[]>(Script);
        return (int.Parse(found[0], System.Globalization.CultureInfo.InvariantCulture), found[1..]);
    }
}
