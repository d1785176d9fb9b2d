/** Which rows of a long list are seen, as the page scrolls. */
import { useEffect, useRef, useState } from 'preact/hooks';

/** Rows beside those that are seen, so that scrolling shows no gaps. */
const SPARE = 12;

/** The rows from `first` to before `last`. The list has its whole height, and the page scrolls. */
export function useWindow(count: number, height: number) {
  const element = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState({ first: 0, last: Math.min(count, 60) });
  useEffect(() => {
    const look = () => {
      if (element.current === null) return;
      const { top } = element.current.getBoundingClientRect();
      const first = Math.max(0, Math.floor(-top / height) - SPARE);
      const last = Math.min(count, Math.ceil((innerHeight - top) / height) + SPARE);
      setSeen((before) =>
        before.first === first && before.last === last ? before : { first, last: Math.max(first, last) },
      );
    };
    look();
    addEventListener('scroll', look, { passive: true });
    addEventListener('resize', look);
    return () => {
      removeEventListener('scroll', look);
      removeEventListener('resize', look);
    };
  }, [count, height]);
  return { element, ...seen };
}
