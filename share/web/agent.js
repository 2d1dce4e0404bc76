// What somebody recognises their own devices by, out of a User-Agent.
import { t } from './i18n.js';

const kBrowsers = [
  [/SamsungBrowser\//, 'Samsung Internet'],
  [/KAKAOTALK/i, 'KakaoTalk'],
  [/NAVER\(/i, 'NAVER'],
  [/Whale\//, 'Whale'],
  [/Edg(A|iOS)?\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/(Firefox|FxiOS)\//, 'Firefox'],
  [/(Headless)?Chrome\/|CriOS\//, 'Chrome'],
  [/Version\/.*Safari\//, 'Safari'],
  [/^curl\//, 'curl'],
];
const kSystems = [
  [/iPhone/, 'iPhone'],
  [/iPad/, 'iPad'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/CrOS/, 'ChromeOS'],
  [/Linux/, 'Linux'],
];

export function agentName(agent) {
  const first = (list) => list.find(([expression]) => expression.test(agent ?? ''))?.[1];
  const browser = first(kBrowsers),
    system = first(kSystems);
  if (browser && system) return t('agent.on', { browser, system });
  return browser ?? system ?? (agent?.slice(0, 40) || t('agent.unknown'));
}
